import type { DeviceId, Graph, GraphNode, GraphWire, NodeId, PortRef } from '../graph/graph.ts'
import type { KindRegistry } from '../graph/kindRegistry.ts'
import { parsePortRef } from '../graph/portRef.ts'
import { createTopology, type Topology } from '../graph/topology.ts'

/**
 * Moves everything that depends on the given nodes to their devices, and with it what feeds that without a transport.
 * Transports are turned to where their neighbours now are, or taken out where these are on one device. What depends on
 * several of the nodes goes with the first.
 */
export function gatherOnHeads(graph: Graph, heads: readonly NodeId[], registry: KindRegistry): Graph {
  const isTransport = (id: NodeId) => registry.get(graph.nodes[id]?.kind ?? '')?.role === 'transport'
  const topology = createTopology(graph)
  const moved = new Map<NodeId, DeviceId | undefined>()
  for (const head of heads) gather(topology, head, graph.nodes[head]?.device, moved, isTransport)
  const deviceOf = (id: NodeId) => (moved.has(id) ? moved.get(id) : graph.nodes[id]?.device)

  const nodes: Record<NodeId, GraphNode> = {}
  const bypassed = new Map<NodeId, PortRef>()
  for (const [id, node] of Object.entries(graph.nodes)) {
    if (!isTransport(id)) {
      nodes[id] = moved.has(id) ? onDevice(node, moved.get(id)) : node
      continue
    }
    const source = topology.incoming.get(id)?.[0]
    const from = follow(id, (each) => topology.incoming.get(each)?.[0]?.from.node, isTransport)
    const to = follow(id, (each) => topology.outgoing.get(each)?.[0]?.to.node, isTransport)
    // Of a chain of transports the inner ends stay where they are: only ends at plain nodes move.
    const fromDevice = from === undefined || from.steps > 1 ? node.from : deviceOf(from.node)
    const toDevice = to === undefined || to.steps > 1 ? node.to : deviceOf(to.node)
    const isInside = from !== undefined && to !== undefined && deviceOf(from.node) === deviceOf(to.node)
    if (source !== undefined && (isInside || fromDevice === toDevice)) bypassed.set(id, source.wire.from)
    else nodes[id] = withEnds(node, fromDevice, toDevice)
  }
  const wires = graph.wires.flatMap((wire): GraphWire[] => {
    if (bypassed.has(parsePortRef(wire.to).node)) return []
    let { from } = wire
    for (;;) {
      const before = bypassed.get(parsePortRef(from).node)
      if (before === undefined) break
      from = before
    }
    return [from === wire.from ? wire : { ...wire, from }]
  })
  const layout = Object.fromEntries(Object.entries(graph.layout).filter(([id]) => !bypassed.has(id)))
  return { ...graph, nodes, wires, layout }
}

function gather(
  topology: Topology,
  head: NodeId,
  device: DeviceId | undefined,
  moved: Map<NodeId, DeviceId | undefined>,
  isTransport: (id: NodeId) => boolean,
): void {
  const queue = [head]
  const passed = new Set<NodeId>()
  for (const id of queue) {
    if (moved.has(id) || passed.has(id)) continue
    queue.push(...(topology.outgoing.get(id) ?? []).map(({ to }) => to.node))
    if (isTransport(id)) {
      // What feeds a transport may stay elsewhere; what it feeds stays together.
      passed.add(id)
      continue
    }
    moved.set(id, device)
    queue.push(...(topology.incoming.get(id) ?? []).map(({ from }) => from.node))
  }
}

/** The first plain node in one direction, and after how many wires. */
function follow(
  id: NodeId,
  next: (id: NodeId) => NodeId | undefined,
  isTransport: (id: NodeId) => boolean,
): { readonly node: NodeId; readonly steps: number } | undefined {
  let steps = 1
  let node = next(id)
  while (node !== undefined && isTransport(node)) {
    node = next(node)
    steps++
  }
  return node === undefined ? undefined : { node, steps }
}

function onDevice(node: GraphNode, device: DeviceId | undefined): GraphNode {
  const { device: _old, ...rest } = node
  return device === undefined ? rest : { ...rest, device }
}

function withEnds(node: GraphNode, from: DeviceId | undefined, to: DeviceId | undefined): GraphNode {
  return { ...node, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}
