const floats = new Float32Array(1)
const words = new Uint32Array(floats.buffer)

/**
 * IEEE 754 binary16 bits of a number: rounded to nearest, ties to even; what is too large becomes infinity. The number
 * is rounded to float32 first.
 */
export function toFloat16Bits(value: number): number {
  floats[0] = value
  const bits = words[0] ?? 0
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fff_ffff
  if (magnitude > 0x7f80_0000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x4780_0000) return sign | 0x7c00 // 65536 and more
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 halves have a fixed step of 2^-24; this product is exact.
    return sign | roundHalfEven(Math.abs(floats[0] ?? 0) * 2 ** 24)
  }
  // 13 bits of the mantissa go; a carry runs into the exponent, up to infinity, as it should.
  const rounding = 0x0fff + ((magnitude >>> 13) & 1)
  return sign | ((magnitude - 0x3800_0000 + rounding) >>> 13)
}

/** The number that IEEE 754 binary16 `bits` stand for, exactly. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

/** The nearest integer; of two equally near ones the even. For 0 <= value < 2^52. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
