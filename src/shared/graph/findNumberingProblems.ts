import type { AnalysedGraph, ResolvedNode } from './analyseGraph.ts'
import type { NodeId } from './graph.ts'
import type { GraphProblem, KindSemantics } from './kindRegistry.ts'
import type { WireEnds } from './portRef.ts'
import { UnionFind } from './unionFind.ts'

/**
 * Rule G16: a zip joins streams of one numbering, or streams that had nothing to do with each other before it.
 *
 * Why that is enough: nodes that wait for each other form a ring in which a zip waits on one side for what the other
 * side, full, holds up. The last zip of a ring closes it, so its inputs were connected already and are of one numbering.
 * In one numbering nobody waits for ever, because the lowest number that waits finds its way free; and a ring that
 * leaves a numbering through the node that begins another can only come back through the same node.
 *
 * What counts as before must not depend on the names of nodes. A merge connects streams whatever their numbers are, so it
 * is looked at as late as possible: after all zips that have fewer merges above them. Among zips of one level the order
 * does not matter: together they join either as many numberings as parts of the graph, or more.
 *
 * Streams through a placeholder have no known numbering and are not looked at. Time grows as n log n with nodes and wires.
 */
export function findNumberingProblems(analysed: AnalysedGraph): GraphProblem[] {
  const problems: GraphProblem[] = []
  const streams = new Map<NodeId, Stream>()
  /** Nodes that began a numbering; united where a zip made their numbers correspond. */
  const numberings = new UnionFind<NodeId, NodeId>()
  /** The same nodes; united where any path connects them, and by which node. */
  const parts = new UnionFind<NodeId, NodeId>()

  for (const id of orderByLevel(analysed)) {
    const resolved = analysed.nodes.get(id)
    if (resolved?.kind === undefined) continue
    const { kind } = resolved
    const arriving = (analysed.topology.incoming.get(id) ?? []).flatMap((ends): Arriving[] => {
      const stream = streams.get(ends.from.node)
      return stream === undefined ? [] : [{ ends, ...stream }]
    })
    if (kind.join === 'zip') {
      const conflict = findConflict(arriving, numberings, parts)
      if (conflict === undefined) uniteAll(numberings, arriving, id)
      else problems.push(describe(id, conflict, parts, analysed))
    }
    const kept = isLatest(kind) ? firstInput(resolved, arriving) : arriving[0]
    if (!isLatest(kind)) uniteAll(parts, arriving, id)
    if (beginsNumbering(kind)) {
      streams.set(id, { numberedBy: id })
      if (kept !== undefined) parts.unite(id, kept.numberedBy, id)
    } else if (kept !== undefined) streams.set(id, { numberedBy: kept.numberedBy })
  }
  return problems
}

interface Stream {
  /** The node that its numbers come from; one of them, where several were joined. */
  readonly numberedBy: NodeId
}

interface Arriving extends Stream {
  readonly ends: WireEnds
}

type Union = UnionFind<NodeId, NodeId>

/** Every node behind those that feed it: by the number of merges on the way, and of one level merges first. */
function orderByLevel({ topology, nodes }: AnalysedGraph): readonly NodeId[] {
  const levels = new Map<NodeId, number>()
  const steps: NodeId[][] = []
  for (const id of topology.order) {
    let level = 0
    for (const { from } of topology.incoming.get(id) ?? []) level = Math.max(level, levels.get(from.node) ?? 0)
    const kind = nodes.get(id)?.kind
    const connects = kind !== undefined && kind.join !== 'zip' && !isLatest(kind)
    if (connects) level++
    levels.set(id, level)
    const at = 2 * level + (connects ? 0 : 1)
    const step = steps[at] ?? []
    steps[at] = step
    step.push(id)
  }
  return steps.flat()
}

function beginsNumbering({ role, numbering, join }: KindSemantics): boolean {
  return role === 'source' || role === 'graph-input' || numbering === 'fresh' || join === 'merge'
}

/**
 * The inputs of a latest join beside its first are emptied as frames come: they hold nobody up, nor does it wait for
 * them. A stream form (numbered afresh) takes frames only when it likes, so it connects all of its inputs.
 */
function isLatest({ join, numbering }: KindSemantics): boolean {
  return join === 'latest' && numbering === 'kept'
}

interface Conflict {
  readonly one: Arriving
  readonly other: Arriving
}

/** Two inputs that are connected without being of one numbering. */
function findConflict(arriving: readonly Arriving[], numberings: Union, parts: Union): Conflict | undefined {
  const firstOfPart = new Map<NodeId, Arriving>()
  for (const other of arriving) {
    const part = parts.find(other.numberedBy)
    const one = firstOfPart.get(part)
    if (one === undefined) firstOfPart.set(part, other)
    else if (!numberings.same(one.numberedBy, other.numberedBy)) return { one, other }
  }
  return undefined
}

function uniteAll(union: Union, [first, ...others]: readonly Arriving[], by: NodeId): void {
  if (first === undefined) return
  for (const { numberedBy } of others) union.unite(first.numberedBy, numberedBy, by)
}

function firstInput({ inputPorts }: ResolvedNode, arriving: readonly Arriving[]): Arriving | undefined {
  const [port] = Object.keys(inputPorts ?? {})
  return port === undefined ? arriving[0] : arriving.find(({ ends }) => ends.to.port === port)
}

function describe(id: NodeId, { one, other }: Conflict, parts: Union, { nodes }: AnalysedGraph): GraphProblem {
  const through = parts.unitedBy(one.numberedBy, other.numberedBy) ?? id
  const meeting = nodes.get(through)
  // Where another zip connected the two, by other numbers, there is no earlier place to join them.
  const advice =
    meeting?.kind?.join === 'zip' && !beginsNumbering(meeting.kind)
      ? 'Use a latest join.'
      : `Join them before ${through}, or use a latest join.`
  const message =
    `Node ${id} joins frames by number, but ${one.ends.wire.from} has the numbers of ${one.numberedBy} and ` +
    `${other.ends.wire.from} those of ${other.numberedBy}, and the two depend on each other through ${through}: equal ` +
    `numbers are different moments, and each side could wait for the other for ever. ${advice}`
  return { code: 'graph.numbering-mixed', severity: 'error', at: `nodes.${id}`, message }
}
