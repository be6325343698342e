import { AppError, messageOf } from '../../../src/shared/errors/appError.ts'
import type { Clock, LogLevel } from '../../../src/shared/node-kinds/nodeContext.ts'
import type { TelemetryRecorder } from '../../telemetry/recorder.ts'
import type { ReadyList, Wakeable } from '../readyList.ts'

/** Drives one node or one end of a link. Calls host.finished exactly once after it was started. */
export interface Runner extends Wakeable {
  readonly id: string
  /** Whether something outside of the engine will wake it: an answer, a timer, a peer. Else only its neighbours can. */
  readonly awaitsOutside: boolean
  start(): void
  /** Begin nothing of your own any more, finish what came: only sources have anything to do here. */
  stop(): void
  /** The run has failed: let go of everything; finished is called when nothing of it runs any more. */
  abort(error: AppError): void
}

/** What runners need of their engine. */
export interface RunnerHost {
  readonly ready: ReadyList
  readonly clock: Clock
  readonly recorder: TelemetryRecorder | undefined
  /** FrameOrigin.device of what sources here capture. */
  readonly deviceIndex: number
  fail(error: AppError): void
  finished(runner: Runner): void
  log(entry: EngineLogEntry): void
}

export interface EngineLogEntry {
  readonly level: LogLevel
  readonly node: string
  /** Code of the error behind it, where there is one. */
  readonly code?: AppError['code']
  readonly message: string
}

export interface RunCounters {
  frames: number
  skipped: number
}

/** The failure of a node, with its name, and the file or camera of its frame where that is known. Codes are kept. */
export function nodeFailure(node: string, error: unknown, source?: string): AppError {
  if (!(error instanceof AppError)) {
    const message = `Node ${node} failed${source === undefined ? '' : ` on ${source}`}: ${messageOf(error)}`
    return new AppError('node.failed', message, { details: { node, source }, cause: error })
  }
  const { code, details } = error
  return new AppError(code, `Node ${node}${source === undefined ? '' : `, on ${source}`}: ${error.message}`, {
    details: { ...details, node, source },
    cause: error,
  })
}
