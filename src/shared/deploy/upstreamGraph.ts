import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { Graph, GraphNode, GraphWire, NodeId, PortRef } from '../graph/graph.ts'
import type { KindRegistry } from '../graph/kindRegistry.ts'
import { formatPortRef, parsePortRef } from '../graph/portRef.ts'
import { ancestorsOf, createTopology } from '../graph/topology.ts'

/** Id of the output that an upstream graph ends in. */
const upstreamOutput: NodeId = 'upstream-value'

/**
 * The part of a graph that makes the value of one input port, ending in a graph-output: without devices and
 * transports, every wire blocking, so that it runs on one device and gives every frame. Used to collect what a codec
 * is calibrated on. Fails with `graph.input-unconnected`.
 */
export function upstreamGraph(graph: Graph, input: PortRef, registry: KindRegistry): Result<Graph> {
  const wiresByTarget = new Map(graph.wires.map((wire) => [wire.to, wire]))
  const isTransport = (id: NodeId) => registry.get(graph.nodes[id]?.kind ?? '')?.role === 'transport'

  /** Where a value really comes from: through any transports before it. */
  function originOf(port: PortRef): PortRef | undefined {
    let from = wiresByTarget.get(port)?.from
    while (from !== undefined && isTransport(parsePortRef(from).node)) {
      from = wiresByTarget.get(formatPortRef(parsePortRef(from).node, 'in'))?.from
    }
    return from
  }

  const end = originOf(input)
  if (end === undefined) {
    return failure(
      new AppError('graph.input-unconnected', `Input ${input} has no wire, so nothing can be collected there.`),
    )
  }
  const last = parsePortRef(end).node
  const kept = new Set([last, ...ancestorsOf(createTopology(graph), last)].filter((id) => !isTransport(id)))
  const nodes: Record<NodeId, GraphNode> = {
    [upstreamOutput]: { kind: 'graph-output', params: {} },
  }
  for (const id of kept) {
    const node = graph.nodes[id]
    if (node !== undefined) nodes[id] = { kind: node.kind, params: node.params }
  }
  const wires: GraphWire[] = [{ from: end, to: `${upstreamOutput}.value` }]
  for (const { to } of graph.wires) {
    const from = kept.has(parsePortRef(to).node) ? originOf(to) : undefined
    if (from !== undefined) wires.push({ from, to })
  }
  return success({ title: `What reaches ${input}`, devices: {}, nodes, wires, layout: {} })
}
