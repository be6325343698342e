import type { DataType, TensorDataByType } from './dataType.ts'

/**
 * One value on a wire. `data.length` is the product of `shape` (row-major). Immutable by convention: who receives a
 * tensor may read it as long as it likes and never writes to it, because the same buffer may be on several wires.
 */
export type Tensor<D extends DataType = DataType> = {
  readonly [T in D]: { readonly dtype: T; readonly shape: readonly number[]; readonly data: TensorDataByType[T] }
}[D]

/** Neither copies nor checks: `data` must have as many elements as `shape` says and is no longer the caller's to write. */
export function createTensor<D extends DataType>(
  dtype: D,
  shape: readonly number[],
  data: TensorDataByType[D],
): Tensor<D> {
  return { dtype, shape, data } as Tensor<D> // the generic arguments tie dtype and data together
}

/** An opaque byte string, shape [length]. Not copied. */
export function bytesTensor(bytes: Uint8Array): Tensor<'bytes'> {
  return { dtype: 'bytes', shape: [bytes.byteLength], data: bytes }
}
