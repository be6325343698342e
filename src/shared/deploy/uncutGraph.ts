import type { Graph, GraphNode, GraphWire, JsonValue, NodeId } from '../graph/graph.ts'
import type { KindRegistry } from '../graph/kindRegistry.ts'
import { formatPortRef, parsePortRef } from '../graph/portRef.ts'
import { createTopology, descendantsOf } from '../graph/topology.ts'
import { gatherOnHeads } from './gatherOnHeads.ts'

const modelKind = 'onnx-model'

/**
 * The graph with every split model in one piece again, to compute what the network answers without cut and codec. Two
 * `onnx-model` nodes of the same model, where one's `outputs` are the other's `inputs` and the first feeds the second,
 * become one under the first one's id; what lay between them, and what hung on it, is gone. All that follows runs on
 * the first one's device, without the transports that are no longer needed.
 */
export function uncutGraph(graph: Graph, registry: KindRegistry): Graph {
  const heads = new Set<NodeId>()
  let current = graph
  for (;;) {
    const pair = findSplit(current)
    if (pair === undefined) break
    heads.add(pair.head)
    heads.delete(pair.tail)
    current = joinParts(current, pair)
  }
  return heads.size === 0 ? graph : gatherOnHeads(current, [...heads].sort(), registry)
}

interface Split {
  readonly head: NodeId
  readonly tail: NodeId
}

/** The first two parts that belong together; of several tails behind one head the alphabetically first. */
function findSplit(graph: Graph): Split | undefined {
  const models = Object.keys(graph.nodes)
    .sort()
    .filter((id) => graph.nodes[id]?.kind === modelKind)
  const topology = createTopology(graph)
  for (const head of models) {
    const { model, outputs } = graph.nodes[head]?.params ?? {}
    const names = tensorNames(outputs)
    if (names === undefined) continue
    const behind = descendantsOf(topology, head)
    const tail = models.find((id) => {
      const params = graph.nodes[id]?.params
      return id !== head && behind.has(id) && params?.model === model && tensorNames(params?.inputs) === names
    })
    if (tail !== undefined) return { head, tail }
  }
  return undefined
}

/** The cut as one text, whatever the order of its tensors. */
function tensorNames(value: JsonValue | undefined): string | undefined {
  return Array.isArray(value) && value.length > 0 ? JSON.stringify([...value].sort()) : undefined
}

function joinParts(graph: Graph, { head, tail }: Split): Graph {
  const headNode = graph.nodes[head]
  const tailNode = graph.nodes[tail]
  if (headNode === undefined || tailNode === undefined) return graph
  const gone = findGone(graph, head, tail)
  const nodes: Record<NodeId, GraphNode> = {}
  for (const [id, node] of Object.entries(graph.nodes)) if (!gone.has(id)) nodes[id] = node
  nodes[head] = { ...headNode, params: withOutputs(headNode, tailNode.params.outputs) }
  const wires = graph.wires.flatMap((wire): GraphWire[] => {
    const from = parsePortRef(wire.from)
    const to = parsePortRef(wire.to)
    // The head's own outputs were the cut: the whole does not have them any more.
    if (from.node === head || gone.has(to.node)) return []
    if (from.node === tail) return [{ ...wire, from: formatPortRef(head, from.port) }]
    return gone.has(from.node) ? [] : [wire]
  })
  const layout = Object.fromEntries(Object.entries(graph.layout).filter(([id]) => !gone.has(id)))
  return { ...graph, nodes, wires, layout }
}

function withOutputs({ params }: GraphNode, outputs: JsonValue | undefined): GraphNode['params'] {
  const { outputs: _cut, ...rest } = params
  return outputs === undefined ? rest : { ...rest, outputs }
}

/** The tail, and all that depends on the cut tensors without depending on the tail. */
function findGone(graph: Graph, head: NodeId, tail: NodeId): ReadonlySet<NodeId> {
  const topology = createTopology(graph)
  const kept = descendantsOf(topology, tail)
  return new Set([tail, ...[...descendantsOf(topology, head)].filter((id) => !kept.has(id))])
}
