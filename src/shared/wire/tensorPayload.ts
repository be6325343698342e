import { assertNever } from '../errors/bugError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { bytesPerElement, type DataType } from '../tensor/dataType.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { decodeUtf8 } from './frameExtension.ts'
import { invalidFrame } from './frameHeader.ts'

/** The elements as they stand in memory, without a copy; strings as a count, then length and UTF-8 of each. */
export function encodePayload(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'string') return encodeStrings(tensor.data)
  const { data } = tensor
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/**
 * The tensor whose elements are `payload`, as a view of it; copied only where it is not aligned to its element. The
 * length is checked before anything is allocated. Fails with `wire.frame-invalid`.
 */
export function decodePayload(
  dtype: DataType,
  shape: readonly number[],
  payload: Uint8Array<ArrayBuffer>,
): Result<Tensor> {
  const count = countElements(shape)
  if (count === undefined) return failure(invalidFrame('W16', `has the impossible shape [${shape.join(',')}]`))
  if (dtype === 'string') return decodeStrings(shape, count, payload)
  const size = bytesPerElement(dtype)
  if (count * size !== payload.byteLength) {
    const expected = `${dtype} [${shape.join(',')}] takes ${count * size}`
    return failure(invalidFrame('W16', `carries ${payload.byteLength} bytes where ${expected}`))
  }
  const aligned = payload.byteOffset % size === 0 ? payload : payload.slice()
  return success(viewOf(dtype, shape, aligned.buffer, aligned.byteOffset, count))
}

/** Undefined when a partial product reaches 2^53. */
function countElements(shape: readonly number[]): number | undefined {
  let count = 1
  for (const dimension of shape) {
    count *= dimension
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

function viewOf(
  dtype: Exclude<DataType, 'string'>,
  shape: readonly number[],
  buffer: ArrayBuffer,
  at: number,
  count: number,
): Tensor {
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer, at, count) }
    case 'float64':
      return { dtype, shape, data: new Float64Array(buffer, at, count) }
    case 'int8':
      return { dtype, shape, data: new Int8Array(buffer, at, count) }
    case 'float16':
    case 'uint16':
      return { dtype, shape, data: new Uint16Array(buffer, at, count) }
    case 'int16':
      return { dtype, shape, data: new Int16Array(buffer, at, count) }
    case 'int32':
      return { dtype, shape, data: new Int32Array(buffer, at, count) }
    case 'uint32':
      return { dtype, shape, data: new Uint32Array(buffer, at, count) }
    case 'int64':
      return { dtype, shape, data: new BigInt64Array(buffer, at, count) }
    case 'uint64':
      return { dtype, shape, data: new BigUint64Array(buffer, at, count) }
    case 'uint8':
    case 'bool':
    case 'bytes':
      return { dtype, shape, data: new Uint8Array(buffer, at, count) }
    default:
      return assertNever(dtype)
  }
}

function encodeStrings(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder()
  const elements = texts.map((text) => encoder.encode(text))
  const bytes = new Uint8Array(elements.reduce((sum, element) => sum + 4 + element.byteLength, 4))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, texts.length, true)
  let at = 4
  for (const element of elements) {
    view.setUint32(at, element.byteLength, true)
    bytes.set(element, at + 4)
    at += 4 + element.byteLength
  }
  return bytes
}

function decodeStrings(shape: readonly number[], count: number, payload: Uint8Array): Result<Tensor> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  // Each string takes at least the four bytes of its length, so a lying count cannot make a long array.
  if (payload.byteLength < 4 || view.getUint32(0, true) !== count || count * 4 > payload.byteLength - 4) {
    return failure(invalidFrame('W24', `carries ${payload.byteLength} bytes, which do not hold ${count} strings`))
  }
  const data: string[] = []
  let at = 4
  for (let index = 0; index < count; index++) {
    const length = at + 4 <= payload.byteLength ? view.getUint32(at, true) : Number.POSITIVE_INFINITY
    if (at + 4 + length > payload.byteLength) return failure(invalidFrame('W24', `ends inside string ${index}`))
    const text = decodeUtf8(payload.subarray(at + 4, at + 4 + length))
    if (text === undefined) return failure(invalidFrame('W24', `carries string ${index}, which is not UTF-8`))
    data.push(text)
    at += 4 + length
  }
  if (at !== payload.byteLength)
    return failure(invalidFrame('W24', `has ${payload.byteLength - at} bytes behind its strings`))
  return success(createTensor('string', shape, data))
}
