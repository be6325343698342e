import { rankOf } from './percentile.ts'

/** Neighbouring bucket borders differ by 4 %, so the middle of a bucket is within 2 % of every value in it. */
const growth = 1.04
const scale = 1 / Math.log(growth)
/** Enough for 1 to 1e12: with nanoseconds, from 1 ns to 1000 s. */
const bucketCount = Math.ceil(Math.log(1e12) * scale)

/** Count, percentiles and largest of some values; all 0 when there were none. */
export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/**
 * Percentiles of any number of values in a fixed 2.8 kB: counts in buckets of geometric width. Percentiles are within
 * 2 % for values from 1 to 1e12 (smaller ones count as 1 or 0, larger ones as the largest seen); count and max are
 * exact. The bucket scheme is that of DDSketch (Masson, Rim, Lee, VLDB 2019) with a fixed range.
 */
export class LogHistogram {
  readonly #buckets = new Uint32Array(bucketCount)
  /** Values below 1: too small to matter, reported as 0. */
  #tiny = 0
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  add(value: number): void {
    this.#count++
    if (value > this.#max) this.#max = value
    if (value < 1) {
      this.#tiny++
      return
    }
    const bucket = Math.min(bucketCount - 1, Math.floor(Math.log(value) * scale))
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
  }

  addAll(other: LogHistogram): void {
    this.#count += other.#count
    this.#tiny += other.#tiny
    this.#max = Math.max(this.#max, other.#max)
    for (let i = 0; i < bucketCount; i++) this.#buckets[i] = (this.#buckets[i] ?? 0) + (other.#buckets[i] ?? 0)
  }

  clear(): void {
    this.#buckets.fill(0)
    this.#tiny = 0
    this.#count = 0
    this.#max = 0
  }

  /** The nearest-rank percentile (see `percentile`), within 2 %; NaN when empty. */
  percentile(fraction: number): number {
    if (this.#count === 0) return Number.NaN
    const rank = rankOf(this.#count, fraction)
    let seen = this.#tiny
    if (rank < seen) return 0
    for (let i = 0; i < bucketCount; i++) {
      seen += this.#buckets[i] ?? 0
      if (rank < seen) return Math.min(this.#max, growth ** (i + 0.5))
    }
    return this.#max
  }

  /** All of it at once, each value multiplied by `unit` (1e-6 makes milliseconds of nanoseconds). */
  toDistribution(unit = 1): Distribution {
    if (this.#count === 0) return { count: 0, p50: 0, p95: 0, p99: 0, max: 0 }
    return {
      count: this.#count,
      p50: this.percentile(0.5) * unit,
      p95: this.percentile(0.95) * unit,
      p99: this.percentile(0.99) * unit,
      max: this.#max * unit,
    }
  }
}
