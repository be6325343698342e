import type { NodeOutputs, StreamFrame } from '../../../src/shared/node-kinds/nodeKind.ts'
import type { FrameOrigin } from '../../../src/shared/wire/frame.ts'
import { computeSpan, waitSpan } from '../../telemetry/spanRing.ts'
import type { Join } from '../joins/join.ts'
import { sumOrigins } from '../origins.ts'
import type { Outputs } from '../outputs.ts'
import { closeIterator } from './closeIterator.ts'
import { nodeFailure, type RunCounters, type Runner, type RunnerHost } from './runner.ts'

export interface StreamRunnerOptions {
  readonly id: string
  readonly host: RunnerHost
  readonly join: Join
  readonly outputs: Outputs
  readonly stream: (frames: AsyncIterable<StreamFrame>) => AsyncIterable<NodeOutputs>
  /** Outputs are its only effect: it may end when nobody wants them. */
  readonly isStep: boolean
}

/**
 * Runs a node that turns one stream into another (NodeKind.stream). Its iterator is pulled only when there is room
 * behind, and takes input frames only when it asks for them, so back-pressure passes through it. Outputs are numbered
 * afresh; an output began where the oldest input consumed since the last output began, and cost what all of these cost.
 */
export class StreamRunner implements Runner {
  readonly id: string
  scheduled = false
  readonly counters: RunCounters = { frames: 0, skipped: 0 }
  readonly #options: StreamRunnerOptions
  readonly #spanNode: number
  /** The node's unanswered requests for input. */
  readonly #requests: ((result: IteratorResult<StreamFrame, undefined>) => void)[] = []
  #outputs: AsyncIterator<NodeOutputs> | undefined
  #pulling = false
  #inputEnded = false
  #stopped = false
  #ending = false
  #seq = 0
  #origin: FrameOrigin | undefined
  #collected: FrameOrigin | undefined
  #lastInputNs = 0

  constructor(options: StreamRunnerOptions) {
    this.id = options.id
    this.#options = options
    this.#spanNode = options.host.recorder?.registerNode(options.id, this.counters) ?? 0
  }

  get awaitsOutside(): boolean {
    // Also while it asks for input: it may be waiting for a timer as well.
    return this.#pulling || this.#ending
  }

  start(): void {
    const { host, stream } = this.#options
    try {
      this.#outputs = stream(this.#inputs())[Symbol.asyncIterator]()
    } catch (error) {
      host.fail(nodeFailure(this.id, error))
      return
    }
    host.ready.wake(this)
  }

  stop(): void {}

  abort(): void {
    this.#letGo()
  }

  run(): void {
    if (this.#stopped) {
      this.#endInput()
      return
    }
    const { outputs, isStep } = this.#options
    if (isStep && outputs.allClosed()) {
      this.#letGo()
      return
    }
    this.#answerRequests()
    if (!this.#pulling && outputs.hasRoom()) this.#pull()
  }

  #pull(): void {
    const { host, outputs } = this.#options
    const iterator = this.#outputs
    if (iterator === undefined) return
    outputs.reserve()
    this.#pulling = true
    this.#next(iterator).then(
      (result) => host.ready.enter(() => this.#onNext(result)),
      (error: unknown) => host.ready.enter(() => this.#onError(error)),
    )
  }

  #onNext(result: IteratorResult<NodeOutputs>): void {
    const { host, outputs } = this.#options
    this.#pulling = false
    if (result.done || this.#stopped) {
      outputs.release()
      this.#end(result.done)
      return
    }
    this.#emit(result.value)
    host.ready.wake(this)
  }

  #onError(error: unknown): void {
    const { host, outputs } = this.#options
    this.#pulling = false
    outputs.release()
    if (!this.#stopped) host.fail(nodeFailure(this.id, error, this.#origin?.source))
    this.#end(true)
  }

  /** A node that throws instead of rejecting is no different. */
  async #next(iterator: AsyncIterator<NodeOutputs>): Promise<IteratorResult<NodeOutputs>> {
    return iterator.next()
  }

  #emit(values: NodeOutputs): void {
    const { host, outputs } = this.#options
    const nowNs = host.clock.nowNs()
    const seq = this.#seq++
    const origin = this.#collected ?? this.#origin ?? { capturedAtNs: nowNs, device: host.deviceIndex, trail: [] }
    this.#collected = undefined
    host.recorder?.record(this.#spanNode, seq, computeSpan, this.#lastInputNs || nowNs, nowNs)
    outputs.emit(seq, origin, values, nowNs)
  }

  #inputs(): AsyncIterable<StreamFrame> {
    const iterator: AsyncIterator<StreamFrame, undefined> = {
      next: () =>
        new Promise((resolve) => {
          this.#requests.push(resolve)
          this.#options.host.ready.wake(this)
        }),
      return: async () => {
        this.#inputEnded = true
        this.#options.host.ready.wake(this)
        return { done: true, value: undefined }
      },
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }

  #answerRequests(): void {
    const { join } = this.#options
    if (this.#inputEnded) this.#endInput()
    while (this.#requests.length > 0) {
      const state = join.poll()
      if (state === 'waiting') return
      if (state === 'ended') {
        this.#endInput()
        return
      }
      this.#requests.shift()?.({ done: false, value: this.#take() })
    }
  }

  #take(): StreamFrame {
    const { host, join } = this.#options
    const { seq, origin, inputs, arrivedAtNs } = join.take()
    this.counters.frames++
    this.#lastInputNs = host.clock.nowNs()
    host.recorder?.record(this.#spanNode, seq, waitSpan, arrivedAtNs, this.#lastInputNs)
    this.#origin = origin
    this.#collected = this.#collected === undefined ? origin : sumOrigins(this.#collected, origin)
    const { capturedAtNs, source } = origin
    return { seq, capturedAtNs, inputs, ...(source !== undefined && { source }) }
  }

  #endInput(): void {
    this.#inputEnded = true
    this.#options.join.close()
    for (const answer of this.#requests.splice(0)) answer({ done: true, value: undefined })
  }

  #letGo(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#endInput()
    if (!this.#pulling) this.#end()
  }

  #end(exhausted = false): void {
    if (this.#ending) return
    this.#ending = true
    this.#stopped = true
    const { host, outputs } = this.#options
    this.#endInput()
    closeIterator(exhausted ? undefined : this.#outputs).then(
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
