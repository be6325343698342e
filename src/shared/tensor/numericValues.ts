import { assertNever, BugError } from '../errors/bugError.ts'
import type { NumericDataType } from './dataType.ts'
import { fromFloat16Bits } from './float16.ts'
import { createTensor, type Tensor } from './tensor.ts'

/** Any tensor of numbers. */
export type NumericTensor = Tensor<NumericDataType>

/** Elements as numbers: float16 decoded, 64-bit integers rounded where they exceed 2^53. A view where nothing changes. */
export function numbersOf(tensor: NumericTensor): ArrayLike<number> {
  switch (tensor.dtype) {
    case 'float16':
      return Float32Array.from(tensor.data, fromFloat16Bits)
    case 'int64':
    case 'uint64':
      return Float64Array.from(tensor.data, Number)
    case 'float32':
    case 'float64':
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'bool':
      return tensor.data
    default:
      return assertNever(tensor)
  }
}

/** Elements in another order: `indices[i]` is where element i comes from. */
export function gather(tensor: NumericTensor, shape: readonly number[], indices: Uint32Array): NumericTensor {
  switch (tensor.dtype) {
    case 'int64': {
      const { data } = tensor
      return createTensor(
        'int64',
        shape,
        BigInt64Array.from(indices, (from) => data[from] ?? 0n),
      )
    }
    case 'uint64': {
      const { data } = tensor
      return createTensor(
        'uint64',
        shape,
        BigUint64Array.from(indices, (from) => data[from] ?? 0n),
      )
    }
    default: {
      const { data } = tensor
      const moved = data.slice()
      for (let to = 0; to < moved.length; to++) moved[to] = data[indices[to] ?? 0] ?? 0
      return { ...tensor, shape, data: moved } as NumericTensor // slice keeps the type of the array
    }
  }
}

/** The elements of tensors of one dtype, one after the other. */
export function concatenate(tensors: readonly NumericTensor[], shape: readonly number[]): NumericTensor {
  const [first] = tensors
  if (first === undefined) throw new BugError('Nothing to concatenate')
  const length = tensors.reduce((sum, { data }) => sum + data.length, 0)
  const bytes = new Uint8Array(length * first.data.BYTES_PER_ELEMENT)
  let offset = 0
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
    offset += data.byteLength
  }
  return { dtype: first.dtype, shape, data: viewOf(first.dtype, bytes.buffer) } as NumericTensor // the view is of this dtype
}

/** `buffer` as elements of a numeric dtype, little-endian as on every machine that runs JavaScript engines today. */
export function viewOf(dtype: NumericDataType, buffer: ArrayBuffer): NumericTensor['data'] {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer)
    case 'float64':
      return new Float64Array(buffer)
    case 'float16':
    case 'uint16':
      return new Uint16Array(buffer)
    case 'int8':
      return new Int8Array(buffer)
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer)
    case 'int16':
      return new Int16Array(buffer)
    case 'int32':
      return new Int32Array(buffer)
    case 'uint32':
      return new Uint32Array(buffer)
    case 'int64':
      return new BigInt64Array(buffer)
    case 'uint64':
      return new BigUint64Array(buffer)
    default:
      return assertNever(dtype)
  }
}
