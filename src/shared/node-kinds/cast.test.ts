import { expect, test } from 'vitest'
import { numericTypes } from '../tensor/dataType.ts'
import { fromFloat16Bits } from '../tensor/float16.ts'
import type { NumericTensor } from '../tensor/numericValues.ts'
import { createTensor } from '../tensor/tensor.ts'
import { castTensor } from './cast.ts'

const floats = (...values: readonly number[]) => createTensor('float32', [values.length], Float32Array.from(values))
const list = ({ data }: NumericTensor) => Array.from<number | bigint>(data)

test('to integers: nearest, halves upwards, held within the range, NaN to 0', () => {
  const odd = floats(1.4, 1.5, -1.5, -1.6, 300, -300, Number.NaN, Number.POSITIVE_INFINITY)
  expect(list(castTensor(odd, 'uint8'))).toEqual([1, 2, 0, 0, 255, 0, 0, 255])
  expect(list(castTensor(odd, 'int8'))).toEqual([1, 2, -1, -2, 127, -128, 0, 127])
  expect(list(castTensor(odd, 'int64'))).toEqual([1n, 2n, -1n, -2n, 300n, -300n, 0n, 2n ** 63n - 1n])
  expect(list(castTensor(floats(-1, 5e9), 'uint32'))).toEqual([0, 2 ** 32 - 1])
})

test('between 64-bit integers exactly, held within the range', () => {
  const large = createTensor('int64', [2], BigInt64Array.of(2n ** 62n + 1n, -5n))
  expect(list(castTensor(large, 'uint64'))).toEqual([2n ** 62n + 1n, 0n])
})

test('to bool: whether it is not 0; to float16: bits of the nearest half', () => {
  expect(list(castTensor(floats(0, -2, 0.1), 'bool'))).toEqual([0, 1, 1])
  const halves = castTensor(floats(1.5, -0.25), 'float16')
  expect(list(halves).map((bits) => fromFloat16Bits(Number(bits)))).toEqual([1.5, -0.25])
  expect(list(castTensor(halves, 'float32'))).toEqual([1.5, -0.25])
})

test('small whole numbers survive every way there and back', () => {
  const start = floats(0, 1, 2, 100)
  for (const dtype of numericTypes.filter((each) => each !== 'bool')) {
    const there = castTensor(start, dtype)
    expect(there.dtype).toBe(dtype)
    expect(castTensor(there, 'float32')).toEqual(start)
  }
})
