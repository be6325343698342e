import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as Element,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import type { Dimension } from '../../tensor/tensorSpec.ts'

/** A number is an int, a fraction a float, a list of ints stays one, `{ floats }` is a list of floats. */
export type AttributeValue = number | readonly number[] | string | { readonly floats: readonly number[] } | TensorProto

export interface NodeDescription {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly domain?: string
}

export interface ValueDescription {
  readonly element?: number
  readonly shape?: readonly Dimension[]
}

export interface ModelDescription {
  readonly inputs: Readonly<Record<string, ValueDescription>>
  readonly outputs: Readonly<Record<string, ValueDescription>>
  readonly nodes: readonly NodeDescription[]
  readonly weights?: readonly TensorProto[]
  readonly opset?: number
  readonly irVersion?: bigint
}

/** The bytes of a small ONNX file, written by hand in a test. */
export function buildModel(description: ModelDescription): Uint8Array<ArrayBuffer> {
  const { inputs, outputs, nodes, weights = [], opset = 17, irVersion = 8n } = description
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: 'test',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    graph: create(GraphProtoSchema, {
      name: 'test',
      node: nodes.map(node),
      initializer: [...weights],
      input: Object.entries(inputs).map(([name, value]) => valueInfo(name, value)),
      output: Object.entries(outputs).map(([name, value]) => valueInfo(name, value)),
    }),
  })
  return toBinary(ModelProtoSchema, model)
}

/** A float32 weight; without `values` all elements are 0.1. */
export function floats(name: string, dims: readonly number[], values?: readonly number[]): TensorProto {
  const count = dims.reduce((product, size) => product * size, 1)
  const data = Float32Array.from({ length: count }, (_, index) => values?.[index] ?? 0.1)
  return raw(name, Element.FLOAT, dims, new Uint8Array(data.buffer))
}

export function int64s(name: string, values: readonly number[], dims = [values.length]): TensorProto {
  const data = BigInt64Array.from(values, BigInt)
  return raw(name, Element.INT64, dims, new Uint8Array(data.buffer))
}

export function int8s(name: string, dims: readonly number[], value: number): TensorProto {
  const count = dims.reduce((product, size) => product * size, 1)
  return raw(name, Element.INT8, dims, new Uint8Array(Int8Array.from({ length: count }, () => value).buffer))
}

export function raw(
  name: string,
  element: number,
  dims: readonly number[],
  data: Uint8Array<ArrayBuffer>,
): TensorProto {
  return create(TensorProtoSchema, { name, dataType: element, dims: dims.map(BigInt), rawData: data })
}

/** Without element and shape the value is declared by its name alone. */
function valueInfo(name: string, { element, shape }: ValueDescription) {
  if (element === undefined && shape === undefined) return create(ValueInfoProtoSchema, { name })
  const dims = shape?.map((size) => {
    if (size === null) return create(TensorShapeProto_DimensionSchema)
    return create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
    })
  })
  const tensor = create(TypeProto_TensorSchema, {
    elemType: element ?? Element.FLOAT,
    ...(dims === undefined ? {} : { shape: create(TensorShapeProtoSchema, { dim: dims }) }),
  })
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  })
}

function node({ op, inputs, outputs, attributes = {}, domain = '' }: NodeDescription) {
  return create(NodeProtoSchema, {
    opType: op,
    name: `${op}:${outputs[0]}`,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  })
}

function attribute(name: string, value: AttributeValue) {
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
      : create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value })
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) })
  }
  if (isList(value)) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) })
  if ('floats' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] })
  return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value })
}

/** Array.isArray that keeps the element type of a readonly array. */
function isList(value: AttributeValue): value is readonly number[] {
  return Array.isArray(value)
}
