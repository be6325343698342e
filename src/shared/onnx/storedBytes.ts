import { TensorProto_DataType as Element, type TensorProto } from 'onnx-buf'
import { bytesPerElement } from '../tensor/dataType.ts'
import { dataTypeOfElement } from './elementType.ts'

/** Bytes of a constant's elements as the file stores them (int8 weights count one byte each). */
export function storedBytesOf(tensor: TensorProto): number {
  if (tensor.rawData.byteLength > 0) return tensor.rawData.byteLength
  if (tensor.dataType === Element.STRING) return tensor.stringData.reduce((sum, text) => sum + text.byteLength, 0)
  const dtype = dataTypeOfElement(tensor.dataType)
  if (dtype === undefined || dtype === 'string') return 0
  return tensor.dims.reduce((count, size) => count * Number(size), 1) * bytesPerElement(dtype)
}
