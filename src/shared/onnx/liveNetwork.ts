import { constantParts } from './constantParts.ts'
import type { CutGraph } from './cutGraph.ts'
import { oncePerModel } from './oncePerModel.ts'
import type { OnnxModel, OnnxNode } from './onnxModel.ts'

/** The part of a network that matters for cuts: no dead code, and no nodes that only make weights. */
export interface LiveNetwork extends CutGraph {
  /** By position; every node behind those it reads from. */
  readonly nodes: readonly OnnxNode[]
  /** Names of values by their number in the CutGraph, in the order in which they come to be. */
  readonly names: readonly string[]
}

export const liveNetwork: (model: OnnxModel) => LiveNetwork = oncePerModel((model) => {
  const constants = constantParts(model)
  const nodes = sourcesLast(
    nodesBehind(model, model.outputs).filter((node) => !constants.isConstant(node)),
    (name) => constants.values.has(name),
  )
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...model.outputs])
  const isLive = (name: string): boolean => read.has(name) && !constants.values.has(name)
  const names = [...model.inputs, ...nodes.flatMap(({ outputs }) => outputs)].filter(isLive)
  const numbers = new Map(names.map((name, number) => [name, number]))
  const numbersOf = (list: readonly string[]): number[] =>
    list.map((name) => numbers.get(name)).filter((number) => number !== undefined)
  return {
    nodes,
    names,
    reads: nodes.map(({ inputs }) => numbersOf(inputs)),
    makes: nodes.map(({ outputs }) => numbersOf(outputs)),
    inputs: numbersOf(model.inputs),
    outputs: numbersOf([...new Set(model.outputs)]),
  }
})

/** The nodes that these values need, in the order of the model. */
function nodesBehind(model: OnnxModel, values: readonly string[]): OnnxNode[] {
  const needed = new Set<OnnxNode>()
  const waiting = [...values]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const node = model.producers.get(name)
    if (node === undefined || needed.has(node)) continue
    needed.add(node)
    waiting.push(...node.inputs)
  }
  return [...needed].sort((a, b) => a.index - b.index)
}

/**
 * Moves nodes that read nothing that flows (random numbers) right before their first reader. Only then is the head of
 * each single-tensor cut a prefix of the order, on which findCuts relies.
 */
function sourcesLast(nodes: readonly OnnxNode[], isConstant: (name: string) => boolean): OnnxNode[] {
  const waiting = new Map<string, OnnxNode>()
  const order: OnnxNode[] = []
  for (const node of nodes) {
    if (node.inputs.every(isConstant)) {
      for (const name of node.outputs) waiting.set(name, node)
      continue
    }
    for (const name of node.inputs) {
      const source = waiting.get(name)
      if (source === undefined) continue
      order.push(source)
      for (const each of source.outputs) waiting.delete(each)
    }
    order.push(node)
  }
  return [...order, ...new Set(waiting.values())]
}
