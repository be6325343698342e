import type { AppError } from '../../../src/shared/errors/appError.ts'
import type { SourceFrame } from '../../../src/shared/node-kinds/nodeKind.ts'
import type { FrameOrigin } from '../../../src/shared/wire/frame.ts'
import { computeSpan, waitSpan } from '../../telemetry/spanRing.ts'
import type { Outputs } from '../outputs.ts'
import { closeIterator } from './closeIterator.ts'
import { nodeFailure, type RunCounters, type Runner, type RunnerHost } from './runner.ts'

/** Frames in a row after which a source that never waits lets sockets and timers have their turn. */
const framesPerTurn = 1000

export interface SourceRunnerOptions {
  readonly id: string
  readonly host: RunnerHost
  readonly outputs: Outputs
  readonly produce: () => AsyncIterable<SourceFrame>
  /** Tells the source, through its context's signal, that no more frames are wanted. */
  readonly controller: AbortController
}

/** Pulls frames from a source, one at a time and only when every wire that does not drop has room, and numbers them. */
export class SourceRunner implements Runner {
  readonly id: string
  scheduled = false
  readonly counters: RunCounters = { frames: 0, skipped: 0 }
  readonly #options: SourceRunnerOptions
  readonly #spanNode: number
  #iterator: AsyncIterator<SourceFrame> | undefined
  #seq = 0
  /** Set during a pause: cancels it. */
  #endPause: (() => void) | undefined
  #pulling = false
  #stopped = false
  #ending = false
  #readySinceNs = 0

  constructor(options: SourceRunnerOptions) {
    this.id = options.id
    this.#options = options
    this.#spanNode = options.host.recorder?.registerNode(options.id, this.counters) ?? 0
  }

  get awaitsOutside(): boolean {
    return this.#pulling || this.#ending || this.#endPause !== undefined
  }

  start(): void {
    const { host, produce } = this.#options
    this.#readySinceNs = host.clock.nowNs()
    try {
      this.#iterator = produce()[Symbol.asyncIterator]()
    } catch (error) {
      host.fail(nodeFailure(this.id, error))
      return
    }
    host.ready.wake(this)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#endPause?.()
    this.#options.controller.abort()
    if (!this.#pulling) this.#end()
  }

  abort(): void {
    this.stop()
  }

  run(): void {
    const { outputs } = this.#options
    if (this.#stopped || this.#endPause !== undefined || this.#pulling) return
    if (outputs.allClosed()) {
      this.stop()
      return
    }
    if (!outputs.hasRoom()) return
    if (this.#seq % framesPerTurn === framesPerTurn - 1) this.#pause()
    else this.#pull()
  }

  #pause(): void {
    const { host } = this.#options
    this.#endPause = host.clock.schedule(0, () => {
      this.#endPause = undefined
      this.#pull()
    })
  }

  #pull(): void {
    const { host, outputs } = this.#options
    const iterator = this.#iterator
    if (iterator === undefined) return
    outputs.reserve()
    this.#pulling = true
    const startNs = host.clock.nowNs()
    this.#next(iterator).then(
      (result) => host.ready.enter(() => this.#onNext(result, startNs)),
      (error: unknown) => host.ready.enter(() => this.#onError(error)),
    )
  }

  #onNext(result: IteratorResult<SourceFrame>, startNs: number): void {
    const { host, outputs } = this.#options
    this.#pulling = false
    if (result.done) outputs.release()
    else this.#deliver(result.value, startNs)
    if (this.#stopped || result.done) this.#end(result.done)
    else host.ready.wake(this)
  }

  #onError(error: unknown): void {
    const { host, outputs } = this.#options
    this.#pulling = false
    outputs.release()
    // A source that was told to end may say so by an exception.
    if (!this.#stopped) host.fail(nodeFailure(this.id, error))
    this.#end(true)
  }

  /** A source that throws instead of rejecting is no different. */
  async #next(iterator: AsyncIterator<SourceFrame>): Promise<IteratorResult<SourceFrame>> {
    return iterator.next()
  }

  #deliver(frame: SourceFrame, startNs: number): void {
    const { host, outputs } = this.#options
    const seq = this.#seq++
    const nowNs = host.clock.nowNs()
    this.counters.frames++
    const computeNs = ('outputs' in frame ? frame.computeNs : undefined) ?? nowNs - startNs
    host.recorder?.record(
      this.#spanNode,
      seq,
      waitSpan,
      this.#readySinceNs,
      Math.max(this.#readySinceNs, nowNs - computeNs),
    )
    host.recorder?.record(this.#spanNode, seq, computeSpan, nowNs - computeNs, nowNs)
    this.#readySinceNs = nowNs
    if ('skipped' in frame) {
      this.counters.skipped++
      outputs.skip(seq)
      host.log(skipWarning(this.id, frame.skipped, frame.source))
      return
    }
    const origin: FrameOrigin = {
      capturedAtNs: frame.capturedAtNs ?? nowNs,
      device: host.deviceIndex,
      trail: [],
      ...(frame.source !== undefined && { source: frame.source }),
    }
    outputs.emit(seq, origin, frame.outputs, nowNs)
  }

  #end(exhausted = false): void {
    if (this.#ending) return
    this.#ending = true
    this.#stopped = true
    const { host, outputs } = this.#options
    closeIterator(exhausted ? undefined : this.#iterator).then(
      () =>
        host.ready.enter(() => {
          outputs.end()
          host.finished(this)
        }),
      (error: unknown) => {
        host.fail(nodeFailure(this.id, error))
        host.finished(this)
      },
    )
  }
}

function skipWarning(node: string, error: AppError, source: string | undefined) {
  const message = source === undefined ? error.message : `${source} is skipped: ${error.message}`
  return { level: 'warning', node, code: error.code, message } as const
}
