/** Sign, exponent and 11 bits of mantissa: quantiles are exact within 0.05 %. */
const keptBits = 20
const droppedBits = 32 - keptBits
const smallestNormal = 2 ** -126

/** Counts of finite float32 values by their leading bits: quantiles of any number of samples in 4 MB. */
export class ValueHistogram {
  readonly #counts = new Uint32Array(1 << keptBits)
  #total = 0

  add(values: Float32Array): void {
    const bits = new Uint32Array(values.slice().buffer)
    for (const [index, value] of values.entries()) {
      if (!Number.isFinite(value)) continue
      const bucket = orderedBits(bits[index] ?? 0) >>> droppedBits
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
      this.#total++
    }
  }

  /** The value that a `share` (0-1) of all values lie at or below, rounded away from zero within its bucket; 0 if empty. */
  valueBelow(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (count > 0 && seen >= wanted) return valueOfBucket(bucket)
    }
    return 0
  }
}

/** Float bits to an unsigned number that rises with the value. */
function orderedBits(bits: number): number {
  return (bits & 0x8000_0000 ? ~bits : bits | 0x8000_0000) >>> 0
}

function valueOfBucket(bucket: number): number {
  const positive = bucket >= 1 << (keptBits - 1)
  const edge = positive ? ((bucket + 1) << droppedBits) - 1 : bucket << droppedBits
  const bits = positive ? edge & 0x7fff_ffff : ~edge
  const value = new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0
  // Subnormals are noise around zero; -0 has a bucket among them.
  return Number.isFinite(value) && Math.abs(value) >= smallestNormal ? value : 0
}
