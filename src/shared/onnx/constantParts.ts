import { oncePerModel } from './oncePerModel.ts'
import type { OnnxModel, OnnxNode } from './onnxModel.ts'
import { storedBytesOf } from './storedBytes.ts'

/** Nodes whose values change from run to run although nothing flows in: they run once, in one half. */
const randomOperators: ReadonlySet<string> = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])

/**
 * What depends on weights and constants alone, such as the Cast and Mul that unpack weights stored as int8. These
 * values are no cut points, and their nodes go to whichever half reads them, to both if need be.
 */
export interface ConstantParts {
  /** Names of all values that are the same in every frame, weights included. */
  readonly values: ReadonlySet<string>
  /** Whether a node only makes such values. */
  isConstant(node: OnnxNode): boolean
  /** Weights and constants from which these values are made by constant nodes alone, as names. */
  sourcesOf(names: readonly string[]): ReadonlySet<string>
  /** Bytes of one such weight or constant as stored in the file. */
  storedBytes(source: string): number
}

export const constantParts: (model: OnnxModel) => ConstantParts = oncePerModel((model) => {
  const values = new Set(model.weights.keys())
  const constantNodes = new Set<OnnxNode>()
  const sources = new Map<string, ReadonlySet<string>>()
  const bytes = new Map<string, number>()
  for (const [name, weight] of model.weights) {
    sources.set(name, new Set([name]))
    bytes.set(name, weight.bytes)
  }
  for (const node of model.nodes) {
    if (randomOperators.has(node.proto.opType) || !node.inputs.every((name) => values.has(name))) continue
    constantNodes.add(node)
    const own = node.inputs.length === 0 ? node.outputs.slice(0, 1) : []
    const needed = new Set([...own, ...node.inputs.flatMap((name) => [...(sources.get(name) ?? [])])])
    for (const name of own) bytes.set(name, constantBytes(node))
    for (const name of node.outputs) {
      values.add(name)
      sources.set(name, needed)
    }
  }
  return {
    values,
    isConstant: (node) => constantNodes.has(node),
    sourcesOf: (names) => new Set(names.flatMap((name) => [...(sources.get(name) ?? [])])),
    storedBytes: (source) => bytes.get(source) ?? 0,
  }
})

/** Bytes that a Constant node carries in its attributes. */
function constantBytes({ proto }: OnnxNode): number {
  return proto.attribute.reduce(
    (sum, { t, floats, ints }) => sum + (t ? storedBytesOf(t) : 0) + floats.length * 4 + ints.length * 8,
    0,
  )
}
