import { fromBinary } from '@bufbuild/protobuf'
import { type GraphProto, type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { AppError, messageOf } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { checkContents } from './checkContents.ts'
import { checkFile } from './checkFile.ts'
import { declaredValues } from './declaredValue.ts'
import type { OnnxModel, StoredWeight } from './onnxModel.ts'
import { orderNodes } from './orderNodes.ts'
import { storedBytesOf } from './storedBytes.ts'

export const maxModelBytes = 1024 ** 3

/**
 * Reads an ONNX file. The result keeps views into `bytes`, which must not change afterwards.
 * Fails with `file.too-large` (over 1 GiB), `model.not-onnx`, `model.truncated`, `model.external-data`,
 * `model.custom-domain`, `model.element-type-unsupported` or `model.graph-invalid`.
 */
export function readModel(bytes: Uint8Array): Result<OnnxModel> {
  if (bytes.byteLength > maxModelBytes) {
    const message = `The model has ${bytes.byteLength} bytes; at most ${maxModelBytes} (1 GiB) are read.`
    return failure(new AppError('file.too-large', message))
  }
  const fault = checkFile(bytes)
  if (fault !== undefined) return failure(fault)
  try {
    return success(createModel(decode(bytes)))
  } catch (error) {
    if (error instanceof AppError) return failure(error)
    throw error
  }
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes)
  } catch (error) {
    throw new AppError('model.not-onnx', `The file cannot be decoded as an ONNX model: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}

function createModel(proto: ModelProto): OnnxModel {
  const { graph } = proto
  if (graph === undefined || graph.output.length === 0) {
    throw new AppError('model.not-onnx', 'The file is no ONNX model: it has no network with an output.')
  }
  const opset = standardOpset(proto)
  checkContents(proto, graph)
  const weights = weightsOf(graph)
  const inputs = graph.input.map(({ name }) => name).filter((name) => !weights.has(name))
  const outputs = graph.output.map(({ name }) => name)
  const { nodes, producers } = orderNodes(graph, inputs, weights)
  for (const output of outputs) {
    if (producers.has(output) || weights.has(output) || inputs.includes(output)) continue
    throw new AppError('model.graph-invalid', `Nothing in the network makes its output ${output}.`)
  }
  return { proto, opset, inputs, outputs, nodes, producers, weights, declared: declaredValues(graph, inputs) }
}

function standardOpset(proto: ModelProto): number {
  const standard = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')
  if (standard !== undefined) return Number(standard.version)
  // Files of the first ONNX versions name no operator set and mean the first one.
  if (proto.irVersion < 3n) return 1
  throw new AppError('model.truncated', 'The ONNX file ends before it names its operator set; fetch it again.')
}

function weightsOf(graph: GraphProto): Map<string, StoredWeight> {
  const weights = new Map<string, StoredWeight>()
  const add = (name: string, weight: StoredWeight): void => {
    if (weights.has(name)) throw new AppError('model.graph-invalid', `Two weights of the network are named ${name}.`)
    weights.set(name, weight)
  }
  for (const tensor of graph.initializer) {
    add(tensor.name, { kind: 'dense', tensor, bytes: storedBytesOf(tensor) })
  }
  for (const tensor of graph.sparseInitializer) {
    const { values, indices } = tensor
    const bytes = (values ? storedBytesOf(values) : 0) + (indices ? storedBytesOf(indices) : 0)
    add(values?.name ?? '', { kind: 'sparse', tensor, bytes })
  }
  return weights
}
