import type { CutGraph, FoundCut } from './cutGraph.ts'

export interface SegmentSearch {
  readonly cuts: readonly FoundCut[]
  readonly steps: number
  readonly isComplete: boolean
}

const undecided = 0
const inHead = 1
const inTail = 2

/**
 * Every cut of exactly `width` values whose head holds the nodes before `from` and none from `to` on. Nodes are put to
 * the head or the tail one after the other, depth first; a value made in the head and read in the tail crosses for good,
 * so a branch ends as soon as more than `width` values cross.
 */
export function searchSegment(
  graph: CutGraph,
  request: {
    readonly from: number
    readonly to: number
    readonly width: number
    /** Outputs of the network made before `from`: they cross whatever is decided here. */
    readonly settled: readonly number[]
    readonly budget: { readonly steps: number; readonly cuts: number }
  },
): SegmentSearch {
  const { from, to, width, settled, budget } = request
  const side = new Uint8Array(to - from)
  const maker = new Map<number, number>()
  for (let node = from; node < to; node++) for (const value of graph.makes[node] ?? []) maker.set(value, node)
  const outputs = new Set(graph.outputs)
  /** How often each value made in the head is read by the tail; the caller behind the outputs reads as well. */
  const tailReads = new Map<number, number>()
  let crossing = 0
  let headSize = 0
  let steps = 0
  const cuts: FoundCut[] = []

  function isMadeInHead(value: number): boolean {
    const node = maker.get(value)
    return node === undefined || side[node - from] === inHead
  }

  function changeReads(value: number, change: 1 | -1): void {
    const before = tailReads.get(value) ?? 0
    tailReads.set(value, before + change)
    if (before === 0) crossing++
    else if (before + change === 0) crossing--
  }

  function place(node: number, to: typeof inHead | typeof inTail, change: 1 | -1): void {
    if (to === inHead) {
      headSize += change
      for (const value of graph.makes[node] ?? []) if (outputs.has(value)) changeReads(value, change)
    } else {
      for (const value of graph.reads[node] ?? []) if (isMadeInHead(value)) changeReads(value, change)
    }
  }

  for (const value of settled) changeReads(value, 1)
  let node = from
  while (node >= from) {
    if (node === to) {
      const size = from + headSize
      if (crossing === width && size > 0 && size < graph.reads.length) {
        if (cuts.length === budget.cuts) return { cuts, steps, isComplete: false }
        cuts.push(currentCut())
      }
      node--
      continue
    }
    if (steps >= budget.steps) return { cuts, steps, isComplete: false }
    steps++
    const current = side[node - from]
    if (current === inTail) {
      place(node, inTail, -1)
      side[node - from] = undecided
      node--
      continue
    }
    if (current === inHead) place(node, inHead, -1)
    const next = current === undecided && (graph.reads[node] ?? []).every(isMadeInHead) ? inHead : inTail
    side[node - from] = next
    place(node, next, 1)
    if (crossing <= width) node++
  }
  return { cuts, steps, isComplete: true }

  function currentCut(): FoundCut {
    const between = new Set<number>()
    for (const [index, each] of side.entries()) if (each === inHead) between.add(from + index)
    const values = [...tailReads].filter(([, reads]) => reads > 0).map(([value]) => value)
    return { values: values.sort((a, b) => a - b), from, to, between }
  }
}
