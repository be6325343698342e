import { fakeResources } from '../../node-kinds/testing/fakeResources.ts'
import { createFunctionalApi } from '../createFunctionalApi.ts'
import type { GraphRequest, RunHandle } from '../execution.ts'

/** Keeps what it is asked to run, and runs nothing. */
export class RecordingExecution {
  readonly requests: GraphRequest[] = []

  start(request: GraphRequest): RunHandle {
    this.requests.push(request)
    return { outputs: {}, stop: () => Promise.resolve(), done: Promise.resolve() }
  }
}

/** The functional API on a fake network; `start` gives the run handle itself. */
export function createTestApi(execution = new RecordingExecution()) {
  return createFunctionalApi({ resources: fakeResources, execution, present: (handle) => handle })
}
