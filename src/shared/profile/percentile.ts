/**
 * The value below or at which the share `fraction` (0..1) of `values` lies: the nearest rank, so always one of them.
 * NaN for no values. Values may be in any order.
 */
export function percentile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = Float64Array.from(values).sort()
  return sorted[rankOf(values.length, fraction)] ?? Number.NaN
}

/** Index, in ascending order, of the value that `percentile` means among `count` values. */
export function rankOf(count: number, fraction: number): number {
  return Math.min(count - 1, Math.max(0, Math.ceil(fraction * count) - 1))
}
