import type { NodeId } from './graph.ts'
import type { WireEnds } from './portRef.ts'

/** More cycles than a user would mend at a time are not looked for. */
const maxCycles = 20

/**
 * Cycles without common nodes among the nodes that a topological order left out, at most 20. Each begins at its
 * alphabetically first node and runs in the direction of flow.
 */
export function findCycles(
  ids: readonly NodeId[],
  ordered: readonly NodeId[],
  incoming: ReadonlyMap<NodeId, readonly WireEnds[]>,
  outgoing: ReadonlyMap<NodeId, readonly WireEnds[]>,
): NodeId[][] {
  const left = new Set(ids)
  for (const id of ordered) left.delete(id)
  const before = (id: NodeId) => incoming.get(id)?.find(({ from }) => left.has(from.node))?.from.node
  const after = (id: NodeId) => outgoing.get(id)?.find(({ to }) => left.has(to.node))?.to.node
  const cycles: NodeId[][] = []
  trim(left, left, before, after, incoming, outgoing)
  while (left.size > 0 && cycles.length < maxCycles) {
    const cycle = walkToCycle(left, after)
    cycles.push(fromFirst(cycle))
    for (const id of cycle) left.delete(id)
    trim(left, new Set(cycle.flatMap((id) => neighbours(id, incoming, outgoing))), before, after, incoming, outgoing)
  }
  return cycles
}

/** Takes away what has nothing before or nothing after it: a node of no cycle. What is left always leads on. */
function trim(
  left: Set<NodeId>,
  candidates: ReadonlySet<NodeId>,
  before: (id: NodeId) => NodeId | undefined,
  after: (id: NodeId) => NodeId | undefined,
  incoming: ReadonlyMap<NodeId, readonly WireEnds[]>,
  outgoing: ReadonlyMap<NodeId, readonly WireEnds[]>,
): void {
  const queue = [...candidates]
  for (const id of queue) {
    if (!left.has(id) || (before(id) !== undefined && after(id) !== undefined)) continue
    left.delete(id)
    queue.push(...neighbours(id, incoming, outgoing))
  }
}

function neighbours(
  id: NodeId,
  incoming: ReadonlyMap<NodeId, readonly WireEnds[]>,
  outgoing: ReadonlyMap<NodeId, readonly WireEnds[]>,
): NodeId[] {
  return [
    ...(incoming.get(id) ?? []).map(({ from }) => from.node),
    ...(outgoing.get(id) ?? []).map(({ to }) => to.node),
  ]
}

function walkToCycle(left: ReadonlySet<NodeId>, after: (id: NodeId) => NodeId | undefined): NodeId[] {
  const path: NodeId[] = []
  const positions = new Map<NodeId, number>()
  let id = left.values().next().value
  while (id !== undefined) {
    const position = positions.get(id)
    if (position !== undefined) return path.slice(position)
    positions.set(id, path.length)
    path.push(id)
    id = after(id)
  }
  return path
}

function fromFirst(cycle: readonly NodeId[]): NodeId[] {
  const first = cycle.indexOf([...cycle].sort()[0] ?? '')
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}
