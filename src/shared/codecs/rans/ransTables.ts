import { AppError } from '../../errors/appError.ts'

/** First byte of a payload: 'C' codec, layout 1. */
export const payloadMark = 0xc1

/** Probabilities are multiples of 2^-14: 256 levels with at least 1 each still leave 98 % to share. */
export const probabilityBits = 14
export const probabilityTotal = 1 << probabilityBits

/** States live in [2^23, 2^31): the arithmetic stays within positive 32-bit integers in every language. */
export const stateLowerBound = 1 << 23

/** Most tables of one calibration, and most classes of neighbour symbols. */
export const maxContexts = 16
export const maxNeighbourClasses = 16

/** The static model of a calibration, laid out for the coder. Built once, shared by all frames. */
export interface RansTables {
  readonly levels: number
  readonly zeroLevel: number
  /** Context by `left << 8 | up`. */
  readonly contextOfPair: Uint8Array
  /** `frequency << 16 | start` by `context << 8 | symbol`; both are < 2^14, so it is positive. */
  readonly ranges: Int32Array
  /** Symbol by `context << 14 | slot`. */
  readonly symbolOfSlot: Uint8Array
}

export interface RansTableSource {
  readonly levels: number
  readonly zeroLevel: number
  /** Class of each symbol as a neighbour. */
  readonly neighbourClasses: readonly number[]
  /** Context by `class(left) * classes + class(up)`, classes = highest class + 1. */
  readonly contexts: readonly number[]
  /** Per context the frequency of each symbol, each >= 1, together 2^14. */
  readonly frequencies: readonly (readonly number[])[]
}

/** Lays out the tables; fails with `codec.table-invalid` where lengths, ranges or sums are wrong. */
export function createRansTables(source: RansTableSource): RansTables {
  const { levels, zeroLevel, neighbourClasses, contexts, frequencies } = source
  checkTables(source)
  const contextOfPair = new Uint8Array(levels << 8)
  const classes = Math.max(...neighbourClasses) + 1
  for (const [left, leftClass] of neighbourClasses.entries()) {
    for (const [upper, upperClass] of neighbourClasses.entries()) {
      contextOfPair[(left << 8) | upper] = contexts[leftClass * classes + upperClass] ?? 0
    }
  }
  const ranges = new Int32Array(frequencies.length << 8)
  const symbolOfSlot = new Uint8Array(frequencies.length << probabilityBits)
  for (const [context, table] of frequencies.entries()) {
    let start = 0
    for (const [symbol, frequency] of table.entries()) {
      ranges[(context << 8) | symbol] = (frequency << 16) | start
      const slots = context << probabilityBits
      symbolOfSlot.fill(symbol, slots + start, slots + start + frequency)
      start += frequency
    }
  }
  return { levels, zeroLevel, contextOfPair, ranges, symbolOfSlot }
}

function checkTables({ levels, zeroLevel, neighbourClasses, contexts, frequencies }: RansTableSource): void {
  const isIndex = (value: number, limit: number) => Number.isInteger(value) && value >= 0 && value < limit
  const require = (holds: boolean, what: string) => {
    if (!holds) throw new AppError('codec.table-invalid', `The tables of a calibration are malformed: ${what}.`)
  }
  require(Number.isInteger(levels) && levels >= 2 && levels <= 256, `levels must be 2-256, found ${levels}`)
  require(isIndex(zeroLevel, levels), `zeroLevel must be below ${levels}, found ${zeroLevel}`)
  require(neighbourClasses.length === levels &&
    neighbourClasses.every((value) =>
      isIndex(value, maxNeighbourClasses),
    ), `neighbourClasses must be ${levels} numbers below ${maxNeighbourClasses}`)
  const classes = Math.max(...neighbourClasses) + 1
  require(frequencies.length >= 1 &&
    frequencies.length <= maxContexts, `there must be 1-${maxContexts} frequency tables, found ${frequencies.length}`)
  require(contexts.length === classes * classes &&
    contexts.every((context) =>
      isIndex(context, frequencies.length),
    ), `contexts must be ${classes * classes} numbers below ${frequencies.length}`)
  for (const [context, table] of frequencies.entries()) {
    const total = table.reduce((sum, frequency) => sum + frequency, 0)
    const positive = table.every((frequency) => Number.isInteger(frequency) && frequency >= 1)
    require(table.length === levels &&
      positive &&
      total ===
        probabilityTotal, `table ${context} must be ${levels} whole numbers of at least 1 with sum ${probabilityTotal}, found sum ${total}`)
  }
}

/** Frequencies in proportion to `weights`: each >= 1, sum exactly 2^14, rounding errors to the largest remainders. */
export function frequenciesOf(weights: readonly number[]): number[] {
  const shared = probabilityTotal - weights.length
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const ideal = weights.map((weight) => (sum > 0 ? (weight / sum) * shared : shared / weights.length))
  const frequencies = ideal.map((share) => 1 + Math.floor(share))
  const missing = probabilityTotal - frequencies.reduce((total, frequency) => total + frequency, 0)
  const byRemainder = ideal
    .map((share, symbol) => ({ symbol, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.symbol - b.symbol)
  for (const { symbol } of byRemainder.slice(0, missing)) frequencies[symbol] = (frequencies[symbol] ?? 0) + 1
  return frequencies
}
