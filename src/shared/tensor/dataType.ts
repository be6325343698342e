/** Element types that are numbers, one after the other in memory. */
export const numericTypes = [
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
] as const

/**
 * Element types that cross wires, files and sockets under these names. `float16` and `bool` have no JavaScript array of
 * their own: float16 is carried as its bits in a Uint16Array, bool as 0/1 in a Uint8Array. `bytes` is an opaque byte
 * string (an encoded picture, a compressed tensor) of shape [length]; `string` is UTF-8 text per element.
 */
export const dataTypes = [...numericTypes, 'bytes', 'string'] as const

export type DataType = (typeof dataTypes)[number]

export interface TensorDataByType {
  readonly float32: Float32Array
  readonly float64: Float64Array
  readonly float16: Uint16Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  readonly int16: Int16Array
  readonly uint16: Uint16Array
  readonly int32: Int32Array
  readonly uint32: Uint32Array
  readonly int64: BigInt64Array
  readonly uint64: BigUint64Array
  readonly bool: Uint8Array
  readonly bytes: Uint8Array
  readonly string: readonly string[]
}

export type NumericDataType = (typeof numericTypes)[number]

const bytesPerElementByType: Readonly<Record<Exclude<DataType, 'string'>, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
  bytes: 1,
}

/** Bytes of one element; strings have no fixed size. */
export function bytesPerElement(dtype: Exclude<DataType, 'string'>): number {
  return bytesPerElementByType[dtype]
}
