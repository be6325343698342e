import type { CutGraph, FoundCut } from './cutGraph.ts'
import { searchSegment } from './searchSegment.ts'

export interface CutSearch {
  /** Heads that contain each other come in that order. */
  readonly cuts: readonly FoundCut[]
  /** Stretches, between two single-tensor cuts, in which not everything was looked at. */
  readonly incomplete: readonly { readonly from: number; readonly to: number; readonly width: number }[]
}

/** How much work a search may do, in nodes put to one side; ten million take about a second. */
export const searchBudget = { stepsPerSegment: 5_000_000, stepsInAll: 20_000_000, cutsPerSegment: 10_000 } as const

/**
 * Every cut of one value, and every cut of up to `maxWidth` values as far as the budget goes.
 *
 * The head of a single-value cut holds exactly the nodes that the value needs, so it is a prefix of any topological
 * order, and one sweep finds them all. Any other head contains, or is contained in, each of these: the search for wider
 * cuts falls apart into the segments between them. Where a segment is too rich, narrower cuts are found before wider.
 */
export function findCuts(graph: CutGraph, maxWidth: number): CutSearch {
  const singles = findSingleCuts(graph)
  const borders = [0, ...singles.map(({ to }) => to), graph.reads.length]
  const wide: FoundCut[] = []
  const incomplete: { from: number; to: number; width: number }[] = []
  const outputs = new Set(graph.outputs)
  const settled = graph.inputs.filter((value) => outputs.has(value))
  let stepsLeft: number = searchBudget.stepsInAll
  for (const [index, from] of borders.slice(0, -1).entries()) {
    const to = borders[index + 1] ?? from
    for (let width = 2; width <= maxWidth && to - from > 1; width++) {
      const budget = { steps: Math.min(stepsLeft, searchBudget.stepsPerSegment), cuts: searchBudget.cutsPerSegment }
      const found = searchSegment(graph, { from, to, width, settled: [...settled], budget })
      wide.push(...found.cuts)
      stepsLeft -= found.steps
      if (found.isComplete) continue
      incomplete.push({ from, to, width })
      break
    }
    settled.push(
      ...graph.makes
        .slice(from, to)
        .flat()
        .filter((value) => outputs.has(value)),
    )
  }
  const cuts = maxWidth < 1 ? [] : [...singles, ...wide].sort(compareCuts)
  return { cuts, incomplete }
}

/** A smaller head first; among equals the one whose values come to be earlier. */
function compareCuts(a: FoundCut, b: FoundCut): number {
  const sizes = a.from + a.between.size - b.from - b.between.size
  if (sizes !== 0) return sizes
  for (const [index, value] of a.values.entries()) {
    const difference = value - (b.values[index] ?? -1)
    if (difference !== 0) return difference
  }
  return a.values.length - b.values.length
}

function findSingleCuts(graph: CutGraph): FoundCut[] {
  const lastReader = new Map<number, number>()
  for (const [position, values] of graph.reads.entries()) for (const value of values) lastReader.set(value, position)
  for (const value of graph.outputs) lastReader.set(value, Number.POSITIVE_INFINITY)
  const crossing = new Set(graph.inputs)
  const cuts: FoundCut[] = []
  for (const [position, values] of graph.reads.entries()) {
    for (const value of graph.makes[position] ?? []) crossing.add(value)
    for (const value of values) if (lastReader.get(value) === position) crossing.delete(value)
    const to = position + 1
    if (crossing.size === 1 && to < graph.reads.length) {
      cuts.push({ values: [...crossing], from: to, to, between: new Set() })
    }
  }
  return cuts
}
