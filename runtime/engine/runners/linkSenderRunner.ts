import type { AppError } from '../../../src/shared/errors/appError.ts'
import type { LinkSender, LinkSenderListener } from '../../../src/shared/wire/link.ts'
import { encodeSpan, waitSpan } from '../../telemetry/spanRing.ts'
import type { WireQueue } from '../wireQueue.ts'
import type { RunCounters, Runner, RunnerHost } from './runner.ts'

export interface LinkSenderRunnerOptions {
  readonly id: string
  readonly host: RunnerHost
  readonly wire: WireQueue
  readonly open: (listener: LinkSenderListener) => LinkSender
}

/**
 * Puts the frames of one wire on a link, each only when the receiver has granted a slot: until then the wire fills and
 * its policy decides. Numbers that were skipped or dropped are announced when no later frame waits to tell it.
 */
export class LinkSenderRunner implements Runner {
  readonly id: string
  readonly awaitsOutside = true
  scheduled = false
  readonly counters: RunCounters = { frames: 0, skipped: 0 }
  readonly #options: LinkSenderRunnerOptions
  readonly #spanNode: number
  #sender: LinkSender | undefined
  #announced = 0
  #over = false

  constructor(options: LinkSenderRunnerOptions) {
    this.id = options.id
    this.#options = options
    this.#spanNode = options.host.recorder?.registerNode(options.id, this.counters) ?? 0
  }

  start(): void {
    const { host, open } = this.#options
    this.#sender = open({
      onCredit: () => host.ready.wake(this),
      onFailure: (error) => {
        if (!this.#over) host.fail(error)
      },
    })
    host.ready.wake(this)
  }

  stop(): void {}

  abort(error: AppError): void {
    if (this.#over) return
    this.#over = true
    this.#sender?.fail(error)
    this.#options.host.finished(this)
  }

  run(): void {
    const { host, wire } = this.#options
    const sender = this.#sender
    if (this.#over || sender === undefined) return
    while (wire.queued > 0 && sender.canSend()) {
      this.#sendNext(sender)
      if (this.#over) return // the link failed
    }
    if (wire.queued > 0) return
    if (wire.ended) {
      this.#over = true
      sender.end()
      host.finished(this)
      return
    }
    const bound = wire.lowestNext()
    if (bound <= this.#announced) return
    this.#announced = bound
    sender.advance(bound)
  }

  #sendNext(sender: LinkSender): void {
    const { host, wire } = this.#options
    const arrivedAtNs = wire.headArrivedAtNs()
    const frame = wire.take()
    this.#announced = frame.seq + 1
    this.counters.frames++
    if (host.recorder === undefined) {
      wire.bytes += sender.send(frame)
      return
    }
    const startNs = host.clock.nowNs()
    wire.bytes += sender.send(frame)
    host.recorder.record(this.#spanNode, frame.seq, waitSpan, arrivedAtNs, startNs)
    host.recorder.record(this.#spanNode, frame.seq, encodeSpan, startNs, host.clock.nowNs())
  }
}
