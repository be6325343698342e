import { expect, test } from 'vitest'
import { fromFloat16Bits, toFloat16Bits } from './float16.ts'

test('every float16 except NaN survives the way to a number and back', () => {
  const changed: number[] = []
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromFloat16Bits(bits)
    if (!Number.isNaN(value) && toFloat16Bits(value) !== bits) changed.push(bits)
  }
  expect(changed).toEqual([])
})

test('values between two halves go to the nearer one, ties to the even one', () => {
  const between = (low: number, share: number) => {
    const [a, b] = [fromFloat16Bits(low), fromFloat16Bits(low + 1)]
    return toFloat16Bits(a + (b - a) * share)
  }
  for (const low of [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3c01, 0x7bfe]) {
    expect([between(low, 0.25), between(low, 0.75)]).toEqual([low, low + 1])
    expect(between(low, 0.5)).toBe(low % 2 === 0 ? low : low + 1)
  }
})

test('numbers beyond the range become infinity, NaN stays NaN', () => {
  expect([65519, 65520, 1e9, -1e9].map(toFloat16Bits)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00])
  expect(fromFloat16Bits(toFloat16Bits(Number.NaN))).toBeNaN()
})
