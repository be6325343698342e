import { BugError } from '../../../../src/shared/errors/bugError.ts'
import { bytesPerElement, type DataType, dataTypes } from '../../../../src/shared/tensor/dataType.ts'
import { createTensor, type Tensor } from '../../../../src/shared/tensor/tensor.ts'

type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

const maxRank = 8
/** Words that describe one tensor: name, dtype, rank, up to 8 dimensions, first byte, bytes. */
const wordsPerTensor = 3 + maxRank + 2
const maxTensors = 32
const headerBytes = 8 * Math.ceil((4 + 4 * wordsPerTensor * maxTensors) / 8)

/** Room for `payloadBytes` of tensors and their descriptions. */
export function sharedAreaBytes(payloadBytes: number): number {
  return headerBytes + payloadBytes
}

/**
 * Copies tensors into a memory area that two threads share; `names` is the agreed list that entries refer to.
 * Returns false, with the area in no particular state, when they do not fit or are of a kind that has no bytes.
 */
export function writeSharedTensors(
  area: SharedArrayBuffer,
  offset: number,
  length: number,
  names: readonly string[],
  tensors: Readonly<Record<string, Tensor>>,
): boolean {
  const entries = Object.entries(tensors)
  if (entries.length > maxTensors) return false
  const words = new Int32Array(area, offset, headerBytes / 4)
  words[0] = entries.length
  let at = headerBytes
  let word = 1
  for (const [name, tensor] of entries) {
    const index = names.indexOf(name)
    if (index < 0 || tensor.dtype === 'string' || tensor.shape.length > maxRank) return false
    const { data } = tensor
    if (at + data.byteLength > length) return false
    words[word] = index
    words[word + 1] = dataTypes.indexOf(tensor.dtype)
    words[word + 2] = tensor.shape.length
    for (const [axis, dimension] of tensor.shape.entries()) words[word + 3 + axis] = dimension
    words[word + 3 + maxRank] = at
    words[word + 4 + maxRank] = data.byteLength
    new Uint8Array(area, offset + at, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    )
    at += 8 * Math.ceil(data.byteLength / 8)
    word += wordsPerTensor
  }
  return true
}

/** The tensors of an area: views of it, valid until the next write, or copies that own their buffers. */
export function readSharedTensors(
  area: SharedArrayBuffer,
  offset: number,
  names: readonly string[],
  mode: 'view' | 'copy',
): Record<string, Tensor> {
  const words = new Int32Array(area, offset, headerBytes / 4)
  const at = (word: number) => words[word] ?? 0
  const tensors: Record<string, Tensor> = {}
  for (let index = 0, word = 1; index < at(0); index++, word += wordsPerTensor) {
    const name = names[at(word)]
    const dtype = dataTypes[at(word + 1)]
    if (name === undefined || dtype === undefined || dtype === 'string')
      throw new BugError('Shared tensors are garbled')
    const shape = [...words.subarray(word + 3, word + 3 + at(word + 2))]
    const view = viewOf(dtype, area, offset + at(word + 3 + maxRank), at(word + 4 + maxRank))
    // slice() gives an array with an unshared buffer of its own; dtype and array class belong together by viewOf.
    tensors[name] = createTensor(dtype, shape, (mode === 'view' ? view : view.slice()) as never)
  }
  return tensors
}

function viewOf(dtype: Exclude<DataType, 'string'>, buffer: SharedArrayBuffer, at: number, bytes: number): TypedArray {
  const length = bytes / bytesPerElement(dtype)
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, at, length)
    case 'float64':
      return new Float64Array(buffer, at, length)
    case 'float16':
    case 'uint16':
      return new Uint16Array(buffer, at, length)
    case 'int8':
      return new Int8Array(buffer, at, length)
    case 'uint8':
    case 'bool':
    case 'bytes':
      return new Uint8Array(buffer, at, length)
    case 'int16':
      return new Int16Array(buffer, at, length)
    case 'int32':
      return new Int32Array(buffer, at, length)
    case 'uint32':
      return new Uint32Array(buffer, at, length)
    case 'int64':
      return new BigInt64Array(buffer, at, length)
    case 'uint64':
      return new BigUint64Array(buffer, at, length)
    default: {
      const unhandled: never = dtype
      throw new BugError(`Unhandled dtype ${String(unhandled)}`)
    }
  }
}
