import { dialDevice } from '../../src/host/devices/dialDevice.ts'
import { createModelLibrary } from '../../src/host/models/modelLibrary.ts'
import { planRun } from '../../src/host/run/planRun.ts'
import { type ClientInput, type OutputFrame, type RunReport, runGraph } from '../../src/host/run/runGraph.ts'
import { unwrap } from '../../src/shared/errors/result.ts'
import { parseGraph } from '../../src/shared/graph/parseGraph.ts'
import { nodeKinds } from '../../src/shared/node-kinds/index.ts'

/** Runs a graph, given as the JSON of its file, on devices by address, as the command line would. */
export async function runOn(
  document: object,
  addresses: Readonly<Record<string, string>>,
  options: {
    readonly folder?: string
    readonly inputs?: Readonly<Record<string, AsyncIterable<ClientInput>>>
    readonly signal?: AbortSignal
    onOutput(frame: OutputFrame): void | Promise<void>
  },
): Promise<RunReport> {
  const graph = unwrap(parseGraph(JSON.stringify({ format: 'colliflow.graph', version: 1, layout: {}, ...document })))
  const plan = await planRun(graph, nodeKinds, { library: createModelLibrary(), folder: options.folder ?? '.' })
  const devices = new Map(
    await Promise.all(
      plan.partition.devices.map(async (id) => [id, await dialDevice({ id, address: addresses[id] ?? '' })] as const),
    ),
  )
  try {
    return await runGraph({
      plan,
      devices,
      signal: options.signal ?? new AbortController().signal,
      onOutput: options.onOutput,
      ...(options.inputs && { inputs: options.inputs }),
    })
  } finally {
    await Promise.all([...devices.values()].map((device) => device.close()))
  }
}
