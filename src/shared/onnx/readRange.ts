import { attributesOf } from './attributes.ts'
import type { OnnxModel, OnnxNode } from './onnxModel.ts'
import { factsOfConstant } from './shapes/constantFacts.ts'

/** Values beyond it are read like its nearer end; ends may be infinite. */
export interface ReadRange {
  readonly min: number
  readonly max: number
}

const everything: ReadRange = { min: -Infinity, max: Infinity }

/**
 * The range of a value that the network tells apart: where only Relu and Clip with constant bounds read it, what they
 * let through; otherwise, and for the network's own outputs, everything.
 */
export function readRange(model: OnnxModel, name: string): ReadRange {
  const readers = model.nodes.filter(({ inputs }) => inputs.includes(name))
  if (readers.length === 0 || model.outputs.includes(name)) return everything
  const ranges = readers.map((reader) => passedBy(model, reader, name))
  return {
    min: Math.min(...ranges.map(({ min }) => min)),
    max: Math.max(...ranges.map(({ max }) => max)),
  }
}

function passedBy(model: OnnxModel, { proto }: OnnxNode, name: string): ReadRange {
  if (proto.opType === 'Relu') return { min: 0, max: Infinity }
  if (proto.opType !== 'Clip' || proto.input.slice(1).includes(name)) return everything
  // Bounds were attributes before operator set 11.
  const attributes = attributesOf(proto)
  const [, min, max] = proto.input
  return {
    min: min ? (constantNumber(model, min) ?? -Infinity) : (attributes.float('min') ?? -Infinity),
    max: max ? (constantNumber(model, max) ?? Infinity) : (attributes.float('max') ?? Infinity),
  }
}

function constantNumber(model: OnnxModel, name: string): number | undefined {
  const weight = model.weights.get(name)
  const tensor = weight?.kind === 'dense' ? weight.tensor : undefined
  const constant = tensor ?? constantNodeValue(model.producers.get(name))
  const bound = constant && factsOfConstant(constant).elements?.[0]
  return typeof bound === 'number' ? bound : undefined
}

function constantNodeValue(node: OnnxNode | undefined) {
  return node?.proto.opType === 'Constant' ? attributesOf(node.proto).tensor('value') : undefined
}
