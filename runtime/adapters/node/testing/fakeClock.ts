import type { Clock } from '../../../../src/shared/node-kinds/nodeContext.ts'

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #nowNs = 0
  readonly #timers = new Set<{ readonly atNs: number; readonly callback: () => void }>()

  nowNs(): number {
    return this.#nowNs
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atNs: this.#nowNs + delayMs * 1e6, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const endNs = this.#nowNs + ms * 1e6
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.atNs - b.atNs)[0]
      if (next === undefined || next.atNs > endNs) break
      this.#timers.delete(next)
      this.#nowNs = next.atNs
      next.callback()
    }
    this.#nowNs = endNs
  }
}
