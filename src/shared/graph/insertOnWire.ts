import type { Graph, GraphNode, GraphWire, NodeId } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import type { GraphResources } from './graphResources.ts'
import type { KindRegistry } from './kindRegistry.ts'
import { formatPortRef, parsePortRef } from './portRef.ts'

/**
 * Changes that put nodes on a wire, in the direction of flow, under free ids made from their kinds. Each is entered by
 * its first input and left by its first output. The wire's policy stays with its first part. Undefined where a kind is
 * not installed or has no such ports.
 */
export function insertOnWire(
  graph: Graph,
  wire: GraphWire,
  nodes: readonly GraphNode[],
  registry: KindRegistry,
  resources: GraphResources,
): readonly GraphChange[] | undefined {
  const changes: GraphChange[] = [{ type: 'disconnect', to: wire.to }]
  const taken = new Set<NodeId>()
  let from = wire.from
  let incoming: GraphWire = wire
  for (const [index, node] of nodes.entries()) {
    const ports = portsOf(node, registry, resources)
    if (ports === undefined) return undefined
    const id = freeId(graph, taken, node.kind)
    taken.add(id)
    const at = positionBetween(graph, wire, (index + 1) / (nodes.length + 1))
    changes.push({ type: 'add-node', id, node, ...(at === undefined ? {} : { at }) })
    changes.push({ type: 'connect', wire: { ...incoming, from, to: formatPortRef(id, ports.input) } })
    from = formatPortRef(id, ports.output)
    incoming = { from, to: wire.to }
  }
  changes.push({ type: 'connect', wire: { ...incoming, from, to: wire.to } })
  return changes
}

function portsOf(node: GraphNode, registry: KindRegistry, resources: GraphResources) {
  const kind = registry.get(node.kind)
  const params = kind?.parseParams(node.params)
  if (kind === undefined || params === undefined || !params.ok) return undefined
  const [input] = Object.keys(kind.inputPorts(params.value, resources) ?? {})
  const [output] = Object.keys(kind.outputPorts(params.value, resources) ?? {})
  return input === undefined || output === undefined ? undefined : { input, output }
}

/** "cast", "cast-2", "cast-3": the first that no node of the graph has. */
function freeId(graph: Graph, taken: ReadonlySet<NodeId>, kind: string): NodeId {
  const isFree = (id: NodeId) => graph.nodes[id] === undefined && !taken.has(id)
  if (isFree(kind)) return kind
  const counts = firstFreeCounts.get(graph) ?? new Map<string, number>()
  firstFreeCounts.set(graph, counts)
  let count = counts.get(kind) ?? 2
  while (graph.nodes[`${kind}-${count}`] !== undefined) count++
  counts.set(kind, count)
  while (!isFree(`${kind}-${count}`)) count++
  return `${kind}-${count}`
}

/** Where to begin to look, by kind: a graph with thousands of faults is asked for thousands of fixes. */
const firstFreeCounts = new WeakMap<Graph, Map<string, number>>()

function positionBetween(graph: Graph, wire: GraphWire, share: number): readonly [number, number] | undefined {
  const from = graph.layout[parsePortRef(wire.from).node]
  const to = graph.layout[parsePortRef(wire.to).node]
  if (from === undefined || to === undefined) return undefined
  const between = (a: number, b: number) => Math.round(a + (b - a) * share)
  return [between(from[0], to[0]), between(from[1], to[1])]
}
