import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { findCycles } from './findCycles.ts'
import type { Graph, GraphWire, NodeId } from './graph.ts'
import { parsePortRef, type WireEnds } from './portRef.ts'

/** How a graph hangs together, indexed once and asked often. The same graph always gives the same orders. */
export interface Topology {
  /** Every node before those it feeds; nodes in a cycle or behind one are left out. */
  readonly order: readonly NodeId[]
  /** Some cycles, each as its nodes in the direction of flow; empty exactly if there is none. */
  readonly cycles: readonly (readonly NodeId[])[]
  /** All wires by `to`, then `from`, those that name missing nodes included. */
  readonly wires: readonly WireEnds[]
  /** Wires by the node they end in; only wires whose two nodes exist. */
  readonly incoming: ReadonlyMap<NodeId, readonly WireEnds[]>
  readonly outgoing: ReadonlyMap<NodeId, readonly WireEnds[]>
}

export function createTopology(graph: Graph): Topology {
  const ids = Object.keys(graph.nodes).sort()
  const wires = [...graph.wires].sort(compareWires).map((wire) => ({
    wire,
    from: parsePortRef(wire.from),
    to: parsePortRef(wire.to),
  }))
  const incoming = new Map<NodeId, WireEnds[]>(ids.map((id) => [id, []]))
  const outgoing = new Map<NodeId, WireEnds[]>(ids.map((id) => [id, []]))
  for (const ends of wires) {
    const into = incoming.get(ends.to.node)
    const out = outgoing.get(ends.from.node)
    if (into === undefined || out === undefined) continue
    into.push(ends)
    out.push(ends)
  }
  const order = orderNodes(ids, incoming, outgoing)
  return {
    order,
    cycles: order.length === ids.length ? [] : findCycles(ids, order, incoming, outgoing),
    wires,
    incoming,
    outgoing,
  }
}

/** Kahn's algorithm with a queue; ids and wires are sorted beforehand, which makes the order a function of the graph. */
function orderNodes(
  ids: readonly NodeId[],
  incoming: ReadonlyMap<NodeId, readonly WireEnds[]>,
  outgoing: ReadonlyMap<NodeId, readonly WireEnds[]>,
): NodeId[] {
  const waitsFor = new Map(ids.map((id) => [id, incoming.get(id)?.length ?? 0]))
  const order = ids.filter((id) => waitsFor.get(id) === 0)
  for (const id of order) {
    for (const { to } of outgoing.get(id) ?? []) {
      const left = (waitsFor.get(to.node) ?? 0) - 1
      waitsFor.set(to.node, left)
      if (left === 0) order.push(to.node)
    }
  }
  return order
}

/** Every node before those it feeds. Fails with `graph.cycle`, naming one cycle. */
export function topologicalOrder(graph: Graph): Result<readonly NodeId[]> {
  const { order, cycles } = createTopology(graph)
  const [cycle] = cycles
  return cycle === undefined ? success(order) : failure(cycleError(cycle))
}

export function cycleError(cycle: readonly NodeId[]): AppError {
  const path = [...cycle, cycle[0]].join(' -> ')
  return new AppError('graph.cycle', `The wires form a cycle: ${path}. Remove one of these wires.`, {
    details: { cycle },
  })
}

/** All nodes that `id` depends on, itself excluded (unless it is in a cycle). */
export function ancestorsOf(topology: Topology, id: NodeId): ReadonlySet<NodeId> {
  return reach(id, (node) => topology.incoming.get(node)?.map(({ from }) => from.node))
}

/** All nodes that depend on `id`, itself excluded (unless it is in a cycle). */
export function descendantsOf(topology: Topology, id: NodeId): ReadonlySet<NodeId> {
  return reach(id, (node) => topology.outgoing.get(node)?.map(({ to }) => to.node))
}

function reach(start: NodeId, next: (id: NodeId) => readonly NodeId[] | undefined): ReadonlySet<NodeId> {
  const reached = new Set<NodeId>(next(start))
  for (const id of reached) for (const other of next(id) ?? []) reached.add(other)
  return reached
}

/** The order of wires in files and in findings: by input, then by output (only files with faults need the second). */
export function compareWires(a: GraphWire, b: GraphWire): number {
  return compareText(a.to, b.to) || compareText(a.from, b.from)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
