import type { TensorProto } from 'onnx-buf'
import { dataTypeOfElement } from '../elementType.ts'
import type { ValueFacts } from './shapeRule.ts'

/** Larger constants are weights, and nobody computes a shape from them. */
const maxElements = 64

/** Type and shape of a weight or constant, and its elements where these are few numbers. */
export function factsOfConstant(tensor: TensorProto): ValueFacts {
  const shape = tensor.dims.map(Number)
  const count = shape.reduce((product, size) => product * size, 1)
  const dtype = dataTypeOfElement(tensor.dataType)
  return { dtype, shape, elements: count <= maxElements ? elementsOf(tensor, count) : undefined }
}

function elementsOf(tensor: TensorProto, count: number): readonly number[] | undefined {
  const dtype = dataTypeOfElement(tensor.dataType)
  const { rawData } = tensor
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength)
  const read = (bytes: number, at: (offset: number) => number, typed: readonly (number | bigint)[]) => {
    if (rawData.byteLength === 0) return typed.length === count ? typed.map(Number) : undefined
    if (rawData.byteLength !== count * bytes) return undefined
    return Array.from({ length: count }, (_, index) => at(index * bytes))
  }
  switch (dtype) {
    case 'float32':
      return read(4, (offset) => view.getFloat32(offset, true), tensor.floatData)
    case 'float64':
      return read(8, (offset) => view.getFloat64(offset, true), tensor.doubleData)
    case 'int64':
      return read(8, (offset) => Number(view.getBigInt64(offset, true)), tensor.int64Data)
    case 'int32':
      return read(4, (offset) => view.getInt32(offset, true), tensor.int32Data)
    default:
      return undefined // shapes and scales are of the types above
  }
}
