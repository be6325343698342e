import type { Clock } from '../nodeContext.ts'

/** Time that moves only when a test says so, or by itself to the next timer with `runsFree`. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly atNs: number; readonly callback: () => void }>()
  readonly #runsFree: boolean
  #nowNs = 0

  constructor(options: { readonly runsFree?: boolean } = {}) {
    this.#runsFree = options.runsFree ?? false
  }

  nowNs(): number {
    return this.#nowNs
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atNs: this.#nowNs + delayMs * 1e6, callback }
    this.#timers.add(timer)
    if (this.#runsFree) queueMicrotask(() => this.#timers.has(timer) && this.advance(delayMs))
    return () => this.#timers.delete(timer)
  }

  advance(ms: number): void {
    const endNs = this.#nowNs + ms * 1e6
    for (;;) {
      const [next] = [...this.#timers].filter(({ atNs }) => atNs <= endNs).sort((a, b) => a.atNs - b.atNs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowNs = next.atNs
      next.callback()
    }
    this.#nowNs = endNs
  }
}
