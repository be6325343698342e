import { AppError } from '../errors/appError.ts'
import { assertNever } from '../errors/bugError.ts'
import { bytesPerElement, type DataType } from '../tensor/dataType.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { decodeShape, encodeShape } from './shapeHeader.ts'

type PackableType = Exclude<DataType, 'string'>
export type PackableTensor = Tensor<PackableType>

/** First byte of a packed tensor: 'C' codec, kind 2. */
const mark = 0xc2

/** Codes on the wire: never renumbered. */
const typesByCode: readonly PackableType[] = [
  'bytes',
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
]

export interface PackedHeader {
  readonly dtype: PackableType
  readonly shape: readonly number[]
  readonly headerBytes: number
  /** Bytes of the elements. */
  readonly dataBytes: number
}

/** Rule C11: mark 0xc2, dtype code, shape as in C6; then whatever a general compressor makes of the elements. */
export function encodePackedHeader({ dtype, shape }: PackableTensor): Uint8Array {
  return Uint8Array.from([mark, typesByCode.indexOf(dtype), ...encodeShape(shape)])
}

/** Fails with `codec.payload-invalid`, also when more than `maxBytes` of elements are announced. */
export function decodePackedHeader(payload: Uint8Array, maxBytes: number): PackedHeader {
  const dtype = typesByCode[payload[1] ?? typesByCode.length]
  if (payload[0] !== mark || dtype === undefined) {
    throw new AppError(
      'codec.payload-invalid',
      `A packed tensor begins with ${mark} and a dtype code below ${typesByCode.length}, found ${payload[0]} and ${payload[1]}.`,
    )
  }
  const { shape, elements, end } = decodeShape(payload, 2, Math.floor(maxBytes / bytesPerElement(dtype)))
  return { dtype, shape, headerBytes: end, dataBytes: elements * bytesPerElement(dtype) }
}

/** The elements as they lie in memory (little-endian on all platforms that we run on); a view, not a copy. */
export function elementBytesOf({ data }: PackableTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** `bytes` must be `header.dataBytes` long; they are copied where their place in the buffer does not suit the dtype. */
export function tensorOfElementBytes({ dtype, shape }: PackedHeader, bytes: Uint8Array): PackableTensor {
  const size = bytesPerElement(dtype)
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const count = bytes.byteLength / size
  switch (dtype) {
    case 'float32':
      return createTensor(dtype, shape, new Float32Array(buffer, byteOffset, count))
    case 'float64':
      return createTensor(dtype, shape, new Float64Array(buffer, byteOffset, count))
    case 'int8':
      return createTensor(dtype, shape, new Int8Array(buffer, byteOffset, count))
    case 'uint8':
    case 'bool':
    case 'bytes':
      return createTensor(dtype, shape, new Uint8Array(buffer, byteOffset, count))
    case 'int16':
      return createTensor(dtype, shape, new Int16Array(buffer, byteOffset, count))
    case 'uint16':
    case 'float16':
      return createTensor(dtype, shape, new Uint16Array(buffer, byteOffset, count))
    case 'int32':
      return createTensor(dtype, shape, new Int32Array(buffer, byteOffset, count))
    case 'uint32':
      return createTensor(dtype, shape, new Uint32Array(buffer, byteOffset, count))
    case 'int64':
      return createTensor(dtype, shape, new BigInt64Array(buffer, byteOffset, count))
    case 'uint64':
      return createTensor(dtype, shape, new BigUint64Array(buffer, byteOffset, count))
    default:
      return assertNever(dtype)
  }
}
