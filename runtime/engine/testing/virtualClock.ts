import type { Clock } from '../../../src/shared/node-kinds/nodeContext.ts'

interface Timer {
  readonly atNs: number
  readonly order: number
  readonly callback: () => void
}

/** Time that stands still while anything can happen without it, and then jumps to the next timer. */
export class VirtualClock implements Clock {
  #nowNs = 0
  #order = 0
  /** Sorted, latest first: the next is popped from the end. */
  readonly #timers: Timer[] = []

  nowNs(): number {
    return this.#nowNs
  }

  /** Timers that wait: 0 when a test has left nothing open. */
  get pending(): number {
    return this.#timers.length
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atNs: this.#nowNs + Math.max(0, delayMs) * 1e6, order: this.#order++, callback }
    let at = this.#timers.length
    while (at > 0 && isBefore(this.#timers[at - 1], timer)) at--
    this.#timers.splice(at, 0, timer)
    return () => {
      const found = this.#timers.indexOf(timer)
      if (found !== -1) this.#timers.splice(found, 1)
    }
  }

  /** A promise of this many virtual milliseconds. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(delayMs, resolve)
    })
  }

  /** Runs all timers up to `untilMs`, each after all promises have settled; without it until none is left. */
  async run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    await settle()
    for (let next = this.#timers.at(-1); next !== undefined && next.atNs <= untilMs * 1e6; next = this.#timers.at(-1)) {
      this.#timers.pop()
      this.#nowNs = Math.max(this.#nowNs, next.atNs)
      next.callback()
      await settle()
    }
    if (untilMs !== Number.POSITIVE_INFINITY) this.#nowNs = Math.max(this.#nowNs, untilMs * 1e6)
  }
}

/** Resolves when no promise can settle any more by itself. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isBefore(timer: Timer | undefined, other: Timer): boolean {
  return timer !== undefined && (timer.atNs < other.atNs || (timer.atNs === other.atNs && timer.order < other.order))
}
