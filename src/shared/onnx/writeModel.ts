import { create, toBinary } from '@bufbuild/protobuf'
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from 'onnx-buf'

/**
 * The ONNX file of a model: `model` without its graph, `graph` without its weights, and these. The same content as a
 * plain encoder writes, but each weight is copied once; message in message, that copies three times, which takes half a
 * second for 100 MB.
 */
export function writeModel(model: ModelProto, graph: GraphProto, weights: readonly TensorProto[]): Uint8Array {
  const content = [
    toBinary(GraphProtoSchema, graph),
    ...weights.flatMap((tensor) => field(GraphProtoSchema.field.initializer.number, piecesOf(tensor))),
  ]
  return concatenate([toBinary(ModelProtoSchema, model), ...field(ModelProtoSchema.field.graph.number, content)])
}

function piecesOf(tensor: TensorProto): readonly Uint8Array[] {
  const { rawData } = tensor
  if (rawData.byteLength === 0) return [toBinary(TensorProtoSchema, tensor)]
  const { name, dims, dataType } = tensor
  const header = toBinary(TensorProtoSchema, create(TensorProtoSchema, { name, dims, dataType }))
  return [header, ...field(TensorProtoSchema.field.rawData.number, [rawData])]
}

/** A length-delimited field. @see https://protobuf.dev/programming-guides/encoding/#structure */
function field(number: number, content: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = content.reduce((sum, piece) => sum + piece.byteLength, 0)
  return [Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes)]), ...content]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
