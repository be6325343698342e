import { z } from 'zod'
import { assertNever } from '../errors/bugError.ts'
import type { NumericDataType } from '../tensor/dataType.ts'
import { numericTypes } from '../tensor/dataType.ts'
import { toFloat16Bits } from '../tensor/float16.ts'
import { type NumericTensor, numbersOf } from '../tensor/numericValues.ts'
import { createTensor } from '../tensor/tensor.ts'
import { defineNodeKind } from './nodeKind.ts'
import { takeNumeric } from './takeInput.ts'

/** Any numbers to `dtype`, same shape. */
export const cast = defineNodeKind({
  id: 'cast',
  version: 1,
  label: 'Cast',
  group: 'Image',
  summary: 'Changes the element type; integers are rounded to nearest and held within their range.',
  params: z.strictObject({
    dtype: z.enum(numericTypes).default('float32').describe('Element type of the result.'),
  }),
  inputs: { tensor: { label: 'Tensor', accepts: numericTypes } },
  outputs: { tensor: { label: 'Tensor' } },
  inferOutputs: ({ dtype }, { tensor }) => (tensor === undefined ? {} : { tensor: { ...tensor, dtype } }),
  execute: (inputs, { dtype }) => ({ tensor: castTensor(takeNumeric(inputs, 'tensor'), dtype) }),
})

/**
 * Elements as `dtype`. To integers: nearest, halves upwards (floor(x + 0.5)), held within the range, NaN to 0; between
 * 64-bit integers exactly. To bool: whether it is not 0. To floats: nearest, ties to even.
 */
export function castTensor(tensor: NumericTensor, dtype: NumericDataType): NumericTensor {
  if (tensor.dtype === dtype) return tensor
  const { shape } = tensor
  switch (dtype) {
    case 'float32':
      return createTensor(dtype, shape, Float32Array.from(numbersOf(tensor)))
    case 'float64':
      return createTensor(dtype, shape, Float64Array.from(numbersOf(tensor)))
    case 'float16':
      return createTensor(dtype, shape, Uint16Array.from(numbersOf(tensor), toFloat16Bits))
    case 'int8':
      return createTensor(dtype, shape, Int8Array.from(numbersOf(tensor), within(-128, 127)))
    case 'uint8':
      return createTensor(dtype, shape, Uint8Array.from(numbersOf(tensor), within(0, 255)))
    case 'int16':
      return createTensor(dtype, shape, Int16Array.from(numbersOf(tensor), within(-32_768, 32_767)))
    case 'uint16':
      return createTensor(dtype, shape, Uint16Array.from(numbersOf(tensor), within(0, 65_535)))
    case 'int32':
      return createTensor(dtype, shape, Int32Array.from(numbersOf(tensor), within(-(2 ** 31), 2 ** 31 - 1)))
    case 'uint32':
      return createTensor(dtype, shape, Uint32Array.from(numbersOf(tensor), within(0, 2 ** 32 - 1)))
    case 'int64':
      return createTensor(dtype, shape, BigInt64Array.from(bigIntsOf(tensor, -(2n ** 63n), 2n ** 63n - 1n)))
    case 'uint64':
      return createTensor(dtype, shape, BigUint64Array.from(bigIntsOf(tensor, 0n, 2n ** 64n - 1n)))
    case 'bool':
      return createTensor(
        dtype,
        shape,
        Uint8Array.from(numbersOf(tensor), (value) => (value === 0 ? 0 : 1)),
      )
    default:
      return assertNever(dtype)
  }
}

function within(min: number, max: number): (value: number) => number {
  return (value) => (Number.isNaN(value) ? 0 : Math.min(max, Math.max(min, Math.floor(value + 0.5))))
}

function bigIntsOf(tensor: NumericTensor, min: bigint, max: bigint): bigint[] {
  const clamp = (value: bigint) => (value < min ? min : value > max ? max : value)
  if (tensor.dtype === 'int64' || tensor.dtype === 'uint64') return Array.from(tensor.data, clamp)
  return Array.from(numbersOf(tensor), (value) => {
    if (Number.isNaN(value)) return 0n
    if (!Number.isFinite(value)) return value > 0 ? max : min
    return clamp(BigInt(Math.floor(value + 0.5)))
  })
}
