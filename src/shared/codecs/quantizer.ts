import { BugError } from '../errors/bugError.ts'

/**
 * A uniform quantiser whose grid passes exactly through zero, so that the zeros of rectified features stay zeros and
 * "small" means "near `zeroLevel`" for rectified and signed features alike.
 */
export interface Quantizer {
  /** Number of symbols, 2-256. */
  readonly levels: number
  /** Levels per unit of value: a float32 number, finite, > 0. */
  readonly scale: number
  /** The symbol of the value 0, 0 to levels - 1. */
  readonly zeroLevel: number
  /** The value of each symbol, rising, with 0 at `zeroLevel`. */
  readonly reconstruction: Float32Array
}

export interface Clip {
  /** <= 0. */
  readonly min: number
  /** >= 0. */
  readonly max: number
}

/** The grid over `clip`: scale and level of zero. A clip of width 0 (all values were 0) gives scale 1. */
export function quantizerGridOf(clip: Clip, levels: number): Pick<Quantizer, 'levels' | 'scale' | 'zeroLevel'> {
  if (clip.min > 0 || clip.max < 0) throw new BugError(`Clip [${clip.min}, ${clip.max}] leaves out zero`)
  const width = clip.max - clip.min
  const scale = width > 0 ? Math.fround((levels - 1) / width) : 1
  if (!(scale > 0 && Number.isFinite(scale))) return { levels, scale: 1, zeroLevel: 0 }
  return { levels, scale, zeroLevel: Math.min(levels - 1, Math.round(Math.abs(clip.min) * scale)) }
}

/**
 * One symbol per value (rule C1): clamp(floor(value * scale + 0.5) + zeroLevel, 0, levels - 1), where product and sum
 * are each rounded to float32, so that every language with IEEE arithmetic gets the same symbols. NaN is read as 0.
 */
export function quantize(values: Float32Array, quantizer: Quantizer): Uint8Array {
  const { levels, zeroLevel } = quantizer
  const scale = Math.fround(quantizer.scale)
  const highest = levels - 1
  const count = values.length
  const symbols = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    // Exact in float64: a float32 sum with 0.5 is 0 or at least 2^-25. So `| 0` below, on what is > 0, is the floor.
    const position = Math.fround(Math.fround((values[index] ?? 0) * scale) + 0.5) + zeroLevel
    symbols[index] = position >= levels ? highest : position > 0 ? position | 0 : position <= 0 ? 0 : zeroLevel
  }
  return symbols
}

/** The value of each symbol (rule C2). Symbols must be < levels. */
export function dequantize(symbols: Uint8Array, quantizer: Quantizer): Float32Array {
  const { reconstruction } = quantizer
  const values = new Float32Array(symbols.length)
  for (let index = 0; index < values.length; index++) values[index] = reconstruction[symbols[index] ?? 0] ?? 0
  return values
}
