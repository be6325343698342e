/** One measured line of `npm run bench`. Targets are upper limits unless `target` begins with ">=". */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** As stated in docs/performance.md, e.g. "<= 200 us". */
  readonly target?: string
  readonly met?: boolean
  /** What it was measured beside, and how. */
  readonly note?: string
}

/** A row with its verdict: `target` is "<= 200" or ">= 0.7", in the row's unit. */
export function judged(name: string, value: number, unit: string, target: string, note?: string): BenchRow {
  const [operator, limit] = target.split(' ')
  const met = operator === '<=' ? value <= Number(limit) : value >= Number(limit)
  return { name, value, unit, target: `${target} ${unit}`.trim(), met, ...(note !== undefined && { note }) }
}
