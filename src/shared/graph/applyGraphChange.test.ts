import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { applyGraphChange } from './applyGraphChange.ts'
import type { Graph } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import {
  arbitraryDevice,
  arbitraryDeviceId,
  arbitraryGraph,
  arbitraryId,
  arbitraryNode,
  arbitraryPolicy,
  arbitraryPortRef,
  arbitraryPosition,
  arbitraryWire,
} from './testing/arbitraryGraph.ts'
import { createGraph } from './testing/createGraph.ts'
import { writeGraph } from './writeGraph.ts'

const id = arbitraryId
const device = arbitraryDeviceId
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const type = <T extends GraphChange['type']>(name: T) => fc.constant(name)

const simpleChange: fc.Arbitrary<GraphChange> = fc.oneof(
  fc.record({ type: type('set-title'), title: fc.string() }),
  fc.record({ type: type('set-description'), description: maybe(fc.string()) }),
  fc.record({ type: type('add-device'), id: device, device: arbitraryDevice }),
  fc.record({ type: type('remove-device'), id: device }),
  fc.record({ type: type('set-device'), id: device, device: arbitraryDevice }),
  fc.record(
    { type: type('add-node'), id, node: arbitraryNode, at: arbitraryPosition },
    { requiredKeys: ['type', 'id', 'node'] },
  ),
  fc.record({ type: type('remove-node'), id }),
  fc.record({ type: type('rename-node'), id, newId: id }),
  fc.record({ type: type('set-label'), id, label: maybe(fc.string()) }),
  fc.record({ type: type('set-param'), id, name: fc.constantFrom('x', 'y', 'toString'), value: maybe(fc.integer()) }),
  fc.record({ type: type('place-node'), id, device: maybe(device) }),
  fc.record({ type: type('set-transport-ends'), id, from: maybe(device), to: maybe(device) }),
  fc.record({ type: type('connect'), wire: arbitraryWire }),
  fc.record({ type: type('disconnect'), to: arbitraryPortRef }),
  fc.record({ type: type('set-policy'), to: arbitraryPortRef, policy: maybe(arbitraryPolicy) }),
  fc.record({ type: type('move-node'), id, at: maybe(arbitraryPosition) }),
  fc.record({ type: type('replace-graph'), graph: arbitraryGraph }),
)

const anyChange = fc.oneof(
  { weight: 8, arbitrary: simpleChange },
  {
    weight: 1,
    arbitrary: fc.array(simpleChange, { maxLength: 3 }).map((changes): GraphChange => ({ type: 'batch', changes })),
  },
)

describe('[G17] a change and its inverse', () => {
  test('give back exactly the graph, for any sequence of changes on any document', () => {
    fc.assert(
      fc.property(arbitraryGraph, fc.array(anyChange, { maxLength: 40 }), (start, changes) => {
        const { graph: end, inverses } = applyAll(start, changes)
        const undone = applyAll(end, inverses.reverse())
        expect(undone.refused).toBe(0)
        expect(undone.graph).toEqual(start)
        expect(writeGraph(undone.graph)).toBe(writeGraph(start))
        const redone = applyAll(undone.graph, undone.inverses.reverse())
        expect(writeGraph(redone.graph)).toBe(writeGraph(end))
      }),
      { numRuns: 500 },
    )
  })

  test('restore the wires of a removed node at their old places', () => {
    const { graph, inverse } = unwrap(applyGraphChange(chain, { type: 'remove-node', id: 'b' }))
    expect(graph).toEqual({
      ...chain,
      nodes: { a: chain.nodes.a, c: chain.nodes.c },
      wires: [chain.wires[1]],
      layout: {},
    })
    expect(inverse.type).toBe('batch')
    expect(unwrap(applyGraphChange(graph, inverse)).graph.wires).toEqual(chain.wires)
  })
})

const chain: Graph = {
  ...createGraph({
    nodes: { a: { kind: 'camera' }, b: { kind: 'pass' }, c: { kind: 'pass' } },
    wires: ['a.image -> b.in', 'a.image -> c.extra', 'b.out -> c.in'],
  }),
  layout: { b: [3, 4] },
}

describe('a change', () => {
  test('shares everything that it does not touch', () => {
    const { graph } = unwrap(applyGraphChange(chain, { type: 'set-param', id: 'b', name: 'x', value: 1 }))
    expect(graph.nodes.b?.params).toEqual({ x: 1 })
    expect(graph.nodes.a).toBe(chain.nodes.a)
    expect(graph.wires).toBe(chain.wires)
    expect(graph.layout).toBe(chain.layout)
    const moved = unwrap(applyGraphChange(chain, { type: 'move-node', id: 'b', at: [0, 0] })).graph
    expect(moved.nodes).toBe(chain.nodes)
  })

  test('renames a node in its wires and its place, and leaves ports with dots alone', () => {
    const dotted = { ...chain, wires: [{ from: 'a.b.c', to: 'b.a.b' }] }
    const { graph } = unwrap(applyGraphChange(dotted, { type: 'rename-node', id: 'b', newId: 'bb' }))
    expect(Object.keys(graph.nodes)).toEqual(['a', 'bb', 'c'])
    expect(graph.wires).toEqual([{ from: 'a.b.c', to: 'bb.a.b' }])
    expect(graph.layout).toEqual({ bb: [3, 4] })
  })

  test('of a batch that fails half way leaves nothing behind', () => {
    const changes: GraphChange[] = [
      { type: 'set-title', title: 'New' },
      { type: 'remove-node', id: 'nobody' },
    ]
    expect(applyGraphChange(chain, { type: 'batch', changes })).toMatchObject({
      ok: false,
      error: { code: 'graph.node-missing' },
    })
    expect(chain.title).toBe('Test')
  })

  test.each<[string, GraphChange]>([
    ['graph.node-exists', { type: 'add-node', id: 'a', node: { kind: 'pass', params: {} } }],
    ['graph.node-exists', { type: 'rename-node', id: 'a', newId: 'b' }],
    ['graph.node-missing', { type: 'set-label', id: 'z', label: 'x' }],
    ['graph.node-missing', { type: 'connect', wire: { from: 'a.image', to: 'z.in' } }],
    ['graph.input-connected-twice', { type: 'connect', wire: { from: 'a.image', to: 'c.in' } }],
    ['graph.device-missing', { type: 'remove-device', id: 'phone' }],
    ['graph.change-invalid', { type: 'disconnect', to: 'a.in' }],
    ['graph.change-invalid', { type: 'connect', wire: { from: 'a', to: 'c.other' } }],
    ['graph.change-invalid', { type: 'rename-node', id: 'a', newId: 'a.b' }],
    ['graph.change-invalid', { type: 'add-node', id: '__proto__', node: { kind: 'pass', params: {} } }],
    ['graph.change-invalid', { type: 'add-device', id: '$client', device: { role: 'edge' } }],
    ['graph.change-invalid', { type: 'place-node', id: 'a', device: 'no device' }],
    ['graph.change-invalid', { type: 'set-param', id: 'a', name: 'x', value: Number.NaN }],
    ['graph.change-invalid', { type: 'set-param', id: 'a', name: '__proto__', value: 1 }],
    ['graph.change-invalid', { type: 'move-node', id: 'a', at: [0, Number.POSITIVE_INFINITY] }],
    ['graph.change-invalid', { type: 'set-policy', to: 'c.in', policy: { kind: 'drop-oldest', capacity: 0 } }],
  ])('is refused with %s: %j', (code, change) => {
    expect(applyGraphChange(chain, change)).toMatchObject({ ok: false, error: { code } })
  })
})

/** Applies what can be applied; `inverses` in the order of the changes. */
function applyAll(start: Graph, changes: readonly GraphChange[]) {
  const inverses: GraphChange[] = []
  let graph = start
  let refused = 0
  for (const change of changes) {
    const result = applyGraphChange(graph, change)
    if (!result.ok) {
      refused++
      continue
    }
    graph = result.value.graph
    inverses.push(result.value.inverse)
  }
  return { graph, inverses, refused }
}
