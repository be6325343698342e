import { AppError } from '../../../src/shared/errors/appError.ts'
import type { Frame } from '../../../src/shared/wire/frame.ts'
import type { LinkReceiver, LinkReceiverListener } from '../../../src/shared/wire/link.ts'
import type { Outputs } from '../outputs.ts'
import { linkOutput } from '../wiring.ts'
import type { Runner, RunnerHost } from './runner.ts'

/** Frames granted to a peer at least: one that is worked on and one on its way. */
const minWindow = 2
/** Where every wire behind drops, nothing limits the window but the time a frame travels. */
const droppingWindow = 4

export interface LinkReceiverRunnerOptions {
  readonly id: string
  readonly host: RunnerHost
  readonly outputs: Outputs
  readonly open: (listener: LinkReceiverListener) => LinkReceiver
}

/**
 * Brings the frames of a link onto its wires. The peer is granted as many frames as the wires can hold, at least
 * two; a frame beyond what the wires hold right now waits here. Slots are granted again as frames leave the wires.
 */
export class LinkReceiverRunner implements Runner {
  readonly id: string
  readonly awaitsOutside = true
  scheduled = false
  readonly #options: LinkReceiverRunnerOptions
  readonly #waiting: Frame[] = []
  #receiver: LinkReceiver | undefined
  #window = minWindow
  /** Granted and not come yet. */
  #granted = 0
  #bound = 0
  #ended = false
  #over = false

  constructor(options: LinkReceiverRunnerOptions) {
    this.id = options.id
    this.#options = options
  }

  start(): void {
    const { host, outputs, open } = this.#options
    const capacities = outputs.lossless.map(({ capacity }) => capacity)
    this.#window = capacities.length === 0 ? droppingWindow : Math.max(minWindow, Math.min(...capacities))
    this.#receiver = open({
      onFrame: (frame) => this.#onFrame(frame),
      onAdvance: (bound) => {
        this.#bound = Math.max(this.#bound, bound)
        host.ready.wake(this)
      },
      onEnd: () => {
        this.#ended = true
        host.ready.wake(this)
      },
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
    if (!this.#ended) this.#receiver?.cancel(error)
    this.#options.host.finished(this)
  }

  run(): void {
    if (this.#over) return
    const { host, outputs } = this.#options
    while (this.#waiting.length > 0 && outputs.hasRoom()) {
      const frame = this.#waiting.shift()
      if (frame === undefined) break
      outputs.reserve()
      outputs.emit(frame.seq, frame.origin, { [linkOutput]: frame.tensor }, host.clock.nowNs())
    }
    if (this.#waiting.length === 0) {
      if (this.#ended) {
        this.#over = true
        outputs.end()
        host.finished(this)
        return
      }
      outputs.advance(this.#bound)
    }
    this.#grant()
  }

  #onFrame(frame: Frame): void {
    if (this.#over) return
    const { host } = this.#options
    this.#granted--
    if (this.#granted < 0) {
      host.fail(new AppError('wire.credit-exceeded', `Link ${this.id} brought a frame that was not asked for.`))
    } else if (frame.seq < this.#bound) {
      const expected = `at least ${this.#bound}`
      host.fail(
        new AppError('wire.frame-invalid', `Link ${this.id} brought frame ${frame.seq} where ${expected} was due.`),
      )
    } else {
      this.#bound = frame.seq + 1
      this.#waiting.push(frame)
      host.ready.wake(this)
    }
  }

  #grant(): void {
    let held = 0
    for (const wire of this.#options.outputs.lossless) held = Math.max(held, wire.queued)
    const slots = this.#window - this.#granted - this.#waiting.length - held
    if (slots <= 0 || this.#ended) return
    this.#granted += slots
    this.#receiver?.grant(slots)
  }
}
