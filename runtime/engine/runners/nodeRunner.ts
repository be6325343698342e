import type { FrameExecutor, FrameInfo, NodeOutputs } from '../../../src/shared/node-kinds/nodeKind.ts'
import type { FrameOrigin } from '../../../src/shared/wire/frame.ts'
import { computeSpan, waitSpan } from '../../telemetry/spanRing.ts'
import type { Join, JoinedFrame } from '../joins/join.ts'
import { sumOrigins } from '../origins.ts'
import type { Outputs } from '../outputs.ts'
import { nodeFailure, type RunCounters, type Runner, type RunnerHost } from './runner.ts'

/** A frame that has been started and not been emitted yet. Outputs leave in the order of these. */
interface StartedFrame {
  readonly joined: JoinedFrame
  readonly startNs: number
  settled: boolean
  outputs: NodeOutputs | undefined
}

export interface NodeRunnerOptions {
  readonly id: string
  readonly host: RunnerHost
  readonly join: Join
  readonly outputs: Outputs
  readonly executor: FrameExecutor
  readonly concurrency: number
  readonly numbering: 'kept' | 'fresh'
  /** Outputs are its only effect: it may end when nobody wants them, and a frame without any is a skip. A sink is not. */
  readonly isStep: boolean
}

/**
 * Runs a node that turns one joined frame into at most one output frame. A frame starts when its join is complete, the
 * node is below its concurrency limit, and every wire behind that does not drop has a slot for it, kept until the frame
 * is done: so a frame that has started never waits.
 */
export class NodeRunner implements Runner {
  readonly id: string
  scheduled = false
  readonly counters: RunCounters = { frames: 0, skipped: 0 }
  readonly #options: NodeRunnerOptions
  readonly #spanNode: number
  readonly #started: StartedFrame[] = []
  #unsettled = 0
  #nextFresh = 0
  /** Of the frames that went into the output to come, for nodes that number afresh. */
  #collected: FrameOrigin | undefined
  #over = false

  constructor(options: NodeRunnerOptions) {
    this.id = options.id
    this.#options = options
    this.#spanNode = options.host.recorder?.registerNode(options.id, this.counters) ?? 0
  }

  get awaitsOutside(): boolean {
    return this.#unsettled > 0
  }

  start(): void {
    this.#options.host.ready.wake(this)
  }

  stop(): void {}

  run(): void {
    if (this.#over) return
    this.#emitSettled()
    const { join, outputs, concurrency, numbering } = this.#options
    let state = this.#unneeded() ? 'ended' : join.poll()
    while (state === 'ready' && this.#started.length < concurrency && outputs.hasRoom()) {
      this.#startFrame(join.take())
      if (this.#over) return
      state = join.poll()
    }
    if (this.#started.length > 0) return
    if (state === 'ended') this.#end()
    else if (numbering === 'kept') outputs.advance(join.bound)
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    if (this.#unsettled === 0) this.#options.host.finished(this)
  }

  #unneeded(): boolean {
    return this.#options.isStep && this.#options.outputs.allClosed()
  }

  #startFrame(joined: JoinedFrame): void {
    const { host, outputs, executor } = this.#options
    const { seq, origin } = joined
    outputs.reserve()
    this.counters.frames++
    const startNs = host.recorder === undefined ? 0 : host.clock.nowNs()
    const info: FrameInfo =
      origin.source === undefined
        ? { seq, capturedAtNs: origin.capturedAtNs }
        : { seq, capturedAtNs: origin.capturedAtNs, source: origin.source }
    let result: ReturnType<FrameExecutor>
    try {
      result = executor(joined.inputs, info)
    } catch (error) {
      host.fail(nodeFailure(this.id, error, origin.source))
      return
    }
    if (isPromise(result)) this.#await(result, { joined, startNs, settled: false, outputs: undefined })
    else if (this.#started.length > 0) {
      this.#started.push({ joined, startNs, settled: true, outputs: result })
    } else {
      const nowNs = host.clock.nowNs()
      this.#recordSpans(joined, startNs, nowNs)
      this.#emit(joined, result, nowNs)
    }
  }

  #await(result: Promise<NodeOutputs | undefined>, frame: StartedFrame): void {
    const { host } = this.#options
    this.#started.push(frame)
    this.#unsettled++
    result.then(
      (outputs) => {
        this.#unsettled--
        if (this.#over) return this.#finishIfSettled()
        frame.settled = true
        frame.outputs = outputs
        this.#recordSpans(frame.joined, frame.startNs, host.clock.nowNs())
        host.ready.wake(this)
      },
      (error: unknown) => {
        this.#unsettled--
        if (this.#over) return this.#finishIfSettled()
        host.fail(nodeFailure(this.id, error, frame.joined.origin.source))
      },
    )
  }

  #finishIfSettled(): void {
    if (this.#unsettled === 0) this.#options.host.finished(this)
  }

  #emitSettled(): void {
    const [oldest] = this.#started
    if (oldest === undefined || !oldest.settled) return
    const { host, outputs, numbering } = this.#options
    const nowNs = host.clock.nowNs()
    for (let frame: StartedFrame | undefined = oldest; frame?.settled; frame = this.#started[0]) {
      this.#started.shift()
      this.#emit(frame.joined, frame.outputs, nowNs)
    }
    const [next] = this.#started
    if (next !== undefined && numbering === 'kept') outputs.advance(next.joined.seq)
  }

  #emit({ seq, origin }: JoinedFrame, result: NodeOutputs | undefined, nowNs: number): void {
    const { outputs, numbering } = this.#options
    if (result === undefined && this.#options.isStep) this.counters.skipped++
    if (numbering === 'kept') {
      if (result === undefined) outputs.skip(seq)
      else outputs.emit(seq, origin, result, nowNs)
      return
    }
    const collected = this.#collected === undefined ? origin : sumOrigins(this.#collected, origin)
    if (result === undefined) {
      this.#collected = collected
      outputs.release()
      return
    }
    this.#collected = undefined
    outputs.emit(this.#nextFresh++, collected, result, nowNs)
  }

  #recordSpans({ seq, arrivedAtNs }: JoinedFrame, startNs: number, endNs: number): void {
    const { recorder } = this.#options.host
    if (recorder === undefined) return
    recorder.record(this.#spanNode, seq, waitSpan, arrivedAtNs, startNs)
    recorder.record(this.#spanNode, seq, computeSpan, startNs, endNs)
  }

  #end(): void {
    const { join, outputs, host } = this.#options
    this.#over = true
    join.close()
    outputs.end()
    host.finished(this)
  }
}

/** Whether an executor answers later. Outputs have tensors for members, never functions. */
function isPromise(result: ReturnType<FrameExecutor>): result is Promise<NodeOutputs | undefined> {
  return result !== undefined && typeof result.then === 'function'
}
