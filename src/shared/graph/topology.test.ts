import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import type { Graph } from './graph.ts'
import { formatPortRef, parsePortRef } from './portRef.ts'
import { createGraph } from './testing/createGraph.ts'
import { ancestorsOf, createTopology, descendantsOf, topologicalOrder } from './topology.ts'

function graphOf(ids: string, wires: readonly string[]): Graph {
  const nodes = Object.fromEntries([...ids].map((id) => [id, { kind: 'pass' }]))
  return createGraph({ nodes, wires: wires.map((wire, index) => `${wire[0]}.out -> ${wire[1]}.in${index}`) })
}

/** Any directed graph over eight nodes, as pairs of letters. */
const arbitraryWires = fc.array(
  fc.tuple(fc.constantFrom(...'abcdefgh'), fc.constantFrom(...'abcdefgh')).map(([from, to]) => from + to),
  { maxLength: 12 },
)

test('[G9] a port reference is split at its first dot, and put together again', () => {
  expect(parsePortRef('front.relu.1')).toEqual({ node: 'front', port: 'relu.1' })
  expect(formatPortRef('front', 'relu.1')).toBe('front.relu.1')
})

describe('the topological order', () => {
  test('puts every node before those it feeds, or names a cycle that exists', () => {
    fc.assert(
      fc.property(arbitraryWires, (wires) => {
        const { order, cycles } = createTopology(graphOf('abcdefgh', wires))
        if (cycles.length === 0) {
          expect([...order].sort().join('')).toBe('abcdefgh')
          for (const [from, to] of wires) expect(order.indexOf(from ?? '')).toBeLessThan(order.indexOf(to ?? ''))
        } else expect(order.length).toBeLessThan(8)
        for (const cycle of cycles) {
          for (const [index, id] of cycle.entries()) expect(wires).toContain(id + cycle[(index + 1) % cycle.length])
        }
        expect(cycles.length === 0).toBe(order.length === 8)
      }),
      { numRuns: 1000 },
    )
  })

  test('does not depend on the order in which nodes and wires were added', () => {
    fc.assert(
      fc.property(arbitraryWires, (wires) => {
        const graph = graphOf('abcdefgh', wires)
        const shuffled = {
          ...graph,
          nodes: Object.fromEntries(Object.entries(graph.nodes).reverse()),
          wires: [...graph.wires].reverse(),
        }
        expect(createTopology(shuffled)).toEqual(createTopology(graph))
      }),
    )
  })

  test('[G20] of a graph with a cycle is refused with the nodes of the cycle in order', () => {
    expect(topologicalOrder(graphOf('abcde', ['ab', 'bc', 'cd', 'db', 'de']))).toMatchObject({
      ok: false,
      error: { code: 'graph.cycle', message: expect.stringContaining('b -> c -> d -> b') },
    })
  })

  test('leaves wires of missing nodes aside', () => {
    expect(unwrap(topologicalOrder(graphOf('ab', ['bz', 'za', 'ba'])))).toEqual(['b', 'a'])
  })

  test('finds separate cycles, and a node that feeds itself', () => {
    expect(createTopology(graphOf('abcde', ['ab', 'ba', 'bc', 'cd', 'dd'])).cycles).toEqual([['a', 'b'], ['d']])
  })

  test('names a cycle from its alphabetically first node on, wherever it was entered', () => {
    const bridged = graphOf('acdpq', ['pq', 'qp', 'pa', 'ad', 'dc', 'cd'])
    expect(createTopology(bridged).cycles).toEqual([
      ['c', 'd'],
      ['p', 'q'],
    ])
  })

  test('of a chain of 20,000 nodes does not overflow the stack', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `n${index}`)
    const nodes = Object.fromEntries(ids.map((id) => [id, { kind: 'pass' }]))
    const wires = ids.map((id, index) => `${id}.out -> ${ids[(index + 1) % ids.length]}.in`)
    expect(unwrap(topologicalOrder(createGraph({ nodes, wires: wires.slice(0, -1) })))).toHaveLength(20_000)
    expect(createTopology(createGraph({ nodes, wires })).cycles[0]).toHaveLength(20_000)
  })
})

test('ancestors and descendants are all nodes before and behind a node', () => {
  const topology = createTopology(graphOf('abcdef', ['ab', 'bc', 'ad', 'dc', 'ce']))
  expect([...ancestorsOf(topology, 'c')].sort()).toEqual(['a', 'b', 'd'])
  expect([...descendantsOf(topology, 'b')].sort()).toEqual(['c', 'e'])
})
