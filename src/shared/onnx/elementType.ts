import { TensorProto_DataType as Element } from 'onnx-buf'
import type { DataType } from '../tensor/dataType.ts'

const dataTypeByElement: Readonly<Partial<Record<number, DataType>>> = {
  [Element.FLOAT]: 'float32',
  [Element.DOUBLE]: 'float64',
  [Element.FLOAT16]: 'float16',
  [Element.INT8]: 'int8',
  [Element.UINT8]: 'uint8',
  [Element.INT16]: 'int16',
  [Element.UINT16]: 'uint16',
  [Element.INT32]: 'int32',
  [Element.UINT32]: 'uint32',
  [Element.INT64]: 'int64',
  [Element.UINT64]: 'uint64',
  [Element.BOOL]: 'bool',
  [Element.STRING]: 'string',
}

const elementByDataType: ReadonlyMap<string, number> = new Map(
  Object.entries(dataTypeByElement).map(([element, dtype]) => [String(dtype), Number(element)]),
)

/** Our name of an ONNX element type (TensorProto.DataType), or undefined for those that we do not carry. */
export function dataTypeOfElement(element: number): DataType | undefined {
  return dataTypeByElement[element]
}

/** The ONNX element type of a dtype; `bytes` has none. */
export function elementOfDataType(dtype: DataType): number | undefined {
  return elementByDataType.get(dtype)
}

/** "BFLOAT16", or the number where ONNX has no such type. */
export function elementName(element: number): string {
  return Element[element] ?? `type ${element}`
}
