import type { AnalysedGraph, ResolvedNode } from './analyseGraph.ts'
import type { NodeId } from './graph.ts'
import type { GraphProblem } from './kindRegistry.ts'
import type { WireEnds } from './portRef.ts'

/**
 * A node that began a numbering of frames, and the sources whose frames went into it. Two numberings with a common
 * source advance at different paces: a zip of both may wait for a number on one side while the other side, full,
 * keeps the common source from producing it.
 */
interface Numbering {
  readonly root: NodeId
  readonly sources: ReadonlySet<NodeId>
}

/** The numberings with which a stream's frame numbers correspond: several after a zip of independent sources. */
type Lineage = readonly Numbering[]

/** Streams of more sources than this count as unknown, so that no document makes the check slow. */
const maxSources = 64

/** Rule G16: a zip joins streams of one numbering, or of numberings without a common source. */
export function findNumberingProblems(analysed: AnalysedGraph): GraphProblem[] {
  const problems: GraphProblem[] = []
  const lineages = new Map<NodeId, Lineage>()
  const known = createLineages()
  for (const id of analysed.topology.order) {
    const resolved = analysed.nodes.get(id)
    if (resolved?.kind === undefined) continue // streams through a placeholder have no known numbering
    const arriving = (analysed.topology.incoming.get(id) ?? []).flatMap((ends) => {
      const lineage = lineages.get(ends.from.node)
      return lineage === undefined ? [] : [{ ends, lineage }]
    })
    const { kind } = resolved
    if (kind.role === 'source' || kind.role === 'graph-input') {
      lineages.set(id, known.begin(id, new Set([id])))
      continue
    }
    if (kind.join === 'zip') {
      const conflict = known.findConflict(arriving)
      if (conflict !== undefined) problems.push(describe(id, conflict))
    }
    if (kind.numbering === 'fresh' || kind.join === 'merge') {
      const sources = new Set(arriving.flatMap(({ lineage }) => lineage.flatMap((each) => [...each.sources])))
      lineages.set(id, known.begin(id, sources))
    } else if (kind.join === 'latest') {
      const first = firstInput(resolved, arriving)
      if (first !== undefined) lineages.set(id, first.lineage)
    } else lineages.set(id, known.join(arriving.map(({ lineage }) => lineage)))
  }
  return problems
}

interface Arriving {
  readonly ends: WireEnds
  readonly lineage: Lineage
}

interface Conflict {
  readonly one: Arriving
  readonly a: Numbering
  readonly other: Arriving
  readonly b: Numbering
}

/**
 * Lineages of one graph. Equal ones are one object, and pairs found compatible are remembered: in a large graph most
 * joins meet the same few lineages again and again.
 */
function createLineages() {
  const byRoots = new Map<string, Lineage>()
  const compatible = new Map<Lineage, Set<Lineage>>()

  function findConflict(arriving: readonly Arriving[]): Conflict | undefined {
    for (const [index, one] of arriving.entries()) {
      for (const other of arriving.slice(index + 1)) {
        if (one.lineage === other.lineage || compatible.get(one.lineage)?.has(other.lineage)) continue
        for (const a of one.lineage) {
          const b = other.lineage.find((each) => each.root !== a.root && commonSource(a, each) !== undefined)
          if (b !== undefined) return { one, a, other, b }
        }
        const partners = compatible.get(one.lineage) ?? new Set()
        compatible.set(one.lineage, partners.add(other.lineage))
      }
    }
    return undefined
  }

  function join(arriving: readonly Lineage[]): Lineage {
    const [first, ...others] = arriving
    if (first === undefined) return []
    if (others.every((lineage) => lineage === first)) return first
    const byRoot = new Map(arriving.flat().map((numbering) => [numbering.root, numbering]))
    const key = [...byRoot.keys()].sort().join(' ')
    const lineage = byRoots.get(key) ?? limited([...byRoot.values()])
    byRoots.set(key, lineage)
    return lineage
  }

  function begin(root: NodeId, sources: ReadonlySet<NodeId>): Lineage {
    const lineage = limited([{ root, sources }])
    byRoots.set(root, lineage)
    return lineage
  }

  return { begin, join, findConflict }
}

function limited(lineage: Lineage): Lineage {
  const count = lineage.reduce((sum, { sources }) => sum + sources.size, 0)
  return count > maxSources ? [] : lineage
}

function commonSource(a: Numbering, b: Numbering): NodeId | undefined {
  const [few, many] = a.sources.size <= b.sources.size ? [a.sources, b.sources] : [b.sources, a.sources]
  for (const source of few) if (many.has(source)) return source
  return undefined
}

function firstInput({ inputPorts }: ResolvedNode, arriving: readonly Arriving[]): Arriving | undefined {
  const [port] = Object.keys(inputPorts ?? {})
  return port === undefined ? arriving[0] : arriving.find(({ ends }) => ends.to.port === port)
}

function describe(id: NodeId, { one, a, other, b }: Conflict): GraphProblem {
  const message =
    `Node ${id} joins frames by number, but ${one.ends.wire.from} is numbered by ${a.root} and ` +
    `${other.ends.wire.from} by ${b.root}, both fed by ${commonSource(a, b)}: equal numbers are different moments. ` +
    `Join before the numbering changes, or use a latest join.`
  return { code: 'graph.numbering-mixed', severity: 'error', at: `nodes.${id}`, message }
}
