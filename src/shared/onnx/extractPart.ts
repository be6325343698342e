import { create } from '@bufbuild/protobuf'
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import { type Result, success } from '../errors/result.ts'
import type { Dimension, TensorSpec } from '../tensor/tensorSpec.ts'
import { elementOfDataType } from './elementType.ts'
import { inferShapes } from './inferShapes.ts'
import type { OnnxModel } from './onnxModel.ts'
import { type PartRange, selectPart } from './selectPart.ts'
import { writeModel } from './writeModel.ts'

/** From this version of the file format on, weights need not be listed as inputs. */
const leastIrVersion = 4n

/**
 * An ONNX file with the part of a network that makes `outputs` (default: the network's) from `inputs` (default: those of
 * the network's that are needed) and only the weights for that. Ports are declared with their inferred types. Equal
 * arguments give equal bytes. Fails with `model.tensor-missing` or `model.cut-illegal`.
 */
export function extractPart(model: OnnxModel, range: PartRange): Result<Uint8Array> {
  const selected = selectPart(model, range)
  if (!selected.ok) return selected
  const { inputs, outputs, nodes, weights } = selected.value
  const specs = inferShapes(model)
  const { graph, irVersion, opsetImport } = model.proto
  const file = create(ModelProtoSchema, {
    irVersion: irVersion > leastIrVersion ? irVersion : leastIrVersion,
    producerName: 'colliflow',
    opsetImport: opsetImport.filter(({ domain }) => domain === '' || domain === 'ai.onnx'),
  })
  const part = create(GraphProtoSchema, {
    name: graph?.name || 'part',
    node: nodes.map(({ proto }) => proto),
    sparseInitializer: graph?.sparseInitializer.filter(({ values }) => weights.has(values?.name ?? '')) ?? [],
    input: inputs.map((name) => declare(name, specs.get(name))),
    output: outputs.map((name) => declare(name, specs.get(name))),
  })
  return success(writeModel(file, part, graph?.initializer.filter(({ name }) => weights.has(name)) ?? []))
}

function declare(name: string, spec: TensorSpec | undefined): ValueInfoProto {
  if (spec === undefined) return create(ValueInfoProtoSchema, { name })
  const shape = create(TensorShapeProtoSchema, { dim: spec.shape.map(toDim) })
  const tensor = create(TypeProto_TensorSchema, { elemType: elementOfDataType(spec.dtype) ?? 0, shape })
  const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } })
  return create(ValueInfoProtoSchema, { name, type })
}

function toDim(dimension: Dimension) {
  if (dimension === null) return create(TensorShapeProto_DimensionSchema)
  const value =
    typeof dimension === 'number'
      ? ({ case: 'dimValue', value: BigInt(dimension) } as const)
      : ({ case: 'dimParam', value: dimension } as const)
  return create(TensorShapeProto_DimensionSchema, { value })
}
