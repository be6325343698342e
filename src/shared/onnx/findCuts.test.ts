import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CutGraph } from './cutGraph.ts'
import { findCuts, searchBudget } from './findCuts.ts'

describe('findCuts', () => {
  test('finds exactly the cuts that trying every division finds, on random networks', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 1, max: 4 }), (graph, maxWidth) => {
        const { cuts, incomplete } = findCuts(graph, maxWidth)
        expect(incomplete).toEqual([])
        const found = cuts.map(({ values, from, between }) => ({ values: [...values], head: headOf(from, between) }))
        expect(sorted(found)).toEqual(sorted(tryEveryDivision(graph, maxWidth)))
      }),
      { numRuns: 2000 },
    )
  })

  test('puts a cut before every cut whose head contains its head', () => {
    fc.assert(
      fc.property(networks, (graph) => {
        const heads = findCuts(graph, 4).cuts.map(({ from, between }) => headOf(from, between))
        for (const [index, head] of heads.entries()) {
          for (const later of heads.slice(index + 1)) expect(later.every((node) => head.includes(node))).toBe(false)
        }
      }),
    )
  })

  test('ends within its budget on a network with more cuts than anyone could list, and says which are missing', () => {
    // 40 branches of 40 nodes, all from one input to one last node: 41^4 and more cuts of four values.
    const [branches, length] = [40, 40]
    const reads: number[][] = []
    const makes: number[][] = []
    const ends: number[] = []
    for (let branch = 0; branch < branches; branch++) {
      for (let step = 0; step < length; step++) {
        const value = 1 + branch * length + step
        reads.push([step === 0 ? 0 : value - 1])
        makes.push([value])
      }
      ends.push(branch * length + length)
    }
    const last = branches * length + 1
    const graph: CutGraph = {
      reads: [
        [0],
        ...reads.map((values) => values.map((value) => value + 1)),
        ends.map((value) => value + 1),
        [last + 1],
      ],
      makes: [[1], ...makes.map((values) => values.map((value) => value + 1)), [last + 1], [last + 2]],
      inputs: [0],
      outputs: [last + 2],
    }
    const { cuts, incomplete } = findCuts(graph, 4)
    expect(cuts.map(({ values }) => values)).toEqual(
      [[1], [last + 1]].concat(cuts.slice(1, -1).map(({ values }) => [...values])),
    )
    expect(incomplete).toEqual([{ from: 1, to: reads.length + 2, width: 2 }])
    expect(cuts.length).toBeLessThanOrEqual(searchBudget.cutsPerSegment + 2)
  })
})

/** Value n+i is made by node i, values below n are inputs; every node is needed for an output. */
const networks: fc.Arbitrary<CutGraph> = fc
  .record({
    inputs: fc.integer({ min: 1, max: 2 }),
    nodes: fc.integer({ min: 1, max: 9 }),
    seed: fc.infiniteStream(fc.nat()),
  })
  .map(({ inputs, nodes, seed }) => {
    const draw = (below: number): number => (seed.next().value ?? 0) % below
    const reads = Array.from({ length: nodes }, (_, node) => {
      const count = 1 + draw(3)
      // Mostly near values, as in real networks, so that there are narrow places.
      const near = Array.from({ length: count }, () => Math.max(0, inputs + node - 1 - draw(draw(3) === 0 ? 9 : 3)))
      return [...new Set(near)]
    })
    const read = new Set(reads.flat())
    const values = Array.from({ length: inputs + nodes }, (_, value) => value)
    const outputs = values.filter((value) => value >= inputs && (!read.has(value) || draw(12) === 0))
    return {
      reads,
      makes: reads.map((_, node) => [inputs + node]),
      inputs: values.slice(0, inputs).filter((value) => read.has(value)),
      outputs,
    }
  })

/** The definition of a cut, tried on every subset of the nodes. */
function tryEveryDivision(graph: CutGraph, maxWidth: number): { values: number[]; head: number[] }[] {
  const count = graph.reads.length
  const found: { values: number[]; head: number[] }[] = []
  for (let subset = 1; subset < 2 ** count - 1; subset++) {
    const head = graph.reads.map((_, node) => node).filter((node) => (subset >> node) & 1)
    const made = new Set([...graph.inputs, ...head.flatMap((node) => graph.makes[node] ?? [])])
    if (!head.every((node) => graph.reads[node]?.every((value) => made.has(value)))) continue
    const readByTail = graph.reads.filter((_, node) => !head.includes(node)).flat()
    const values = [...made].filter((value) => readByTail.includes(value) || graph.outputs.includes(value))
    if (values.length <= maxWidth) found.push({ values: values.sort((a, b) => a - b), head })
  }
  return found
}

function headOf(from: number, between: ReadonlySet<number>): number[] {
  return [...Array.from({ length: from }, (_, node) => node), ...between].sort((a, b) => a - b)
}

function sorted(cuts: readonly { values: number[]; head: number[] }[]): unknown[] {
  return cuts.map((cut) => JSON.stringify(cut)).sort()
}
