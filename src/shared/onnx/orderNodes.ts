import type { GraphProto, NodeProto } from 'onnx-buf'
import { AppError } from '../errors/appError.ts'
import type { OnnxNode } from './onnxModel.ts'

/**
 * Puts nodes behind those whose values they read, otherwise in the order of the file. Throws `model.graph-invalid` for
 * a value made twice, a value that nothing makes, and a cycle.
 */
export function orderNodes(
  graph: GraphProto,
  inputs: readonly string[],
  weights: ReadonlyMap<string, unknown>,
): { readonly nodes: OnnxNode[]; readonly producers: Map<string, OnnxNode> } {
  const given = new Set<string>([...inputs, ...weights.keys()])
  const makers = makersOf(graph.node, given)
  const reads = graph.node.map((node) => valuesReadBy(node, (name) => makers.has(name) || given.has(name)))
  const readers = new Map<number, number[]>()
  const missing = graph.node.map(() => 0)
  for (const [index, names] of reads.entries()) {
    for (const name of names) {
      const maker = makers.get(name)
      if (maker === undefined) {
        if (given.has(name)) continue
        const node = graph.node[index]
        throw invalid(`${node?.opType} ${node?.name || node?.output[0]} reads ${name}, which nothing in it makes`)
      }
      missing[index] = (missing[index] ?? 0) + 1
      const others = readers.get(maker)
      if (others === undefined) readers.set(maker, [index])
      else others.push(index)
    }
  }
  const order = inOrder(missing, readers)
  if (order.length < graph.node.length) {
    const stuck = graph.node[missing.findIndex((count) => count > 0)]
    throw invalid(`its nodes form a cycle, in or before ${stuck?.opType} ${stuck?.name || stuck?.output[0]}`)
  }
  const nodes = order.map((from, index): OnnxNode => {
    const proto = graph.node[from]
    return { proto: proto as NodeProto, index, inputs: reads[from] ?? [], outputs: proto?.output.filter(Boolean) ?? [] } // `order` holds indices of graph.node
  })
  return { nodes, producers: new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node]))) }
}

function makersOf(nodes: readonly NodeProto[], given: ReadonlySet<string>): Map<string, number> {
  const makers = new Map<string, number>()
  for (const [index, { output }] of nodes.entries()) {
    for (const name of output) {
      if (name === '') continue
      if (makers.has(name) || given.has(name)) throw invalid(`it makes a value named ${name} twice`)
      makers.set(name, index)
    }
  }
  return makers
}

/** Kahn's algorithm that prefers the order of the file: files are almost always in order, and then stay as they are. */
function inOrder(missing: number[], readers: ReadonlyMap<number, readonly number[]>): number[] {
  const order: number[] = []
  const done = missing.map(() => false)
  const take = (index: number): void => {
    const stack = [index]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (done[next]) continue
      done[next] = true
      order.push(next)
      for (const reader of readers.get(next) ?? []) {
        missing[reader] = (missing[reader] ?? 0) - 1
        // A reader that stands earlier in the file was passed over and is taken now; a later one waits for its turn.
        if (missing[reader] === 0 && reader < index) stack.push(reader)
      }
    }
  }
  for (let index = 0; index < missing.length; index++) if (missing[index] === 0) take(index)
  return order
}

/** Values of the network that a node reads, directly or inside its subgraphs; each once. */
function valuesReadBy(node: NodeProto, isOuter: (name: string) => boolean): readonly string[] {
  const names = new Set(node.input.filter(Boolean))
  for (const { g, graphs } of node.attribute) {
    for (const each of [...graphs, ...(g ? [g] : [])]) {
      for (const name of namesIn(each)) if (isOuter(name)) names.add(name)
    }
  }
  return [...names]
}

/** Names that a subgraph uses and does not define itself. */
function namesIn(graph: GraphProto): Set<string> {
  const own = new Set<string>(
    [...graph.input, ...graph.initializer].map(({ name }) => name).concat(graph.node.flatMap(({ output }) => output)),
  )
  const used = graph.node.flatMap((node) => valuesReadBy(node, () => true))
  return new Set([...used, ...graph.output.map(({ name }) => name)].filter((name) => name !== '' && !own.has(name)))
}

function invalid(what: string): AppError {
  return new AppError('model.graph-invalid', `The network in the ONNX file contradicts itself: ${what}.`)
}
