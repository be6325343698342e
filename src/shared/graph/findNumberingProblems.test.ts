import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analyseGraph } from './analyseGraph.ts'
import { findNumberingProblems } from './findNumberingProblems.ts'
import { createGraph } from './testing/createGraph.ts'
import { testRegistry, testResources } from './testing/testRegistry.ts'
import { UnionFind } from './unionFind.ts'

function find(nodes: Record<string, string>, wires: readonly string[]) {
  const kinds = Object.fromEntries(Object.entries(nodes).map(([id, kind]) => [id, { kind }]))
  return findNumberingProblems(analyseGraph(createGraph({ nodes: kinds, wires }), testRegistry, testResources))
}

/** Ids of the zips that are refused. */
const refused = (nodes: Record<string, string>, wires: readonly string[]) =>
  find(nodes, wires).map(({ at }) => at.replace('nodes.', ''))

const cameras = { a: 'camera', b: 'camera', c: 'camera' }
const mergedAb = ['a.image -> m.a', 'b.image -> m.b']

describe('[G16] a zip', () => {
  test('of c with a merge of a and b is refused where a and c are zipped too, since c cannot keep two paces', () => {
    const nodes = { ...cameras, m: 'merge', direct: 'zip', merged: 'zip' }
    const wires = [...mergedAb, 'a.image -> direct.a', 'c.image -> direct.b', 'm.a -> merged.a', 'c.image -> merged.b']
    expect(find(nodes, wires)).toEqual([
      {
        code: 'graph.numbering-mixed',
        severity: 'error',
        at: 'nodes.merged',
        message:
          'Node merged joins frames by number, but m.a has the numbers of m and c.image those of c, and the two depend ' +
          'on each other through m: equal numbers are different moments, and each side could wait for the other for ' +
          'ever. Join them before m, or use a latest join.',
      },
    ])
    expect(refused({ ...nodes, merged: 'latest-join' }, wires)).toEqual([])
    expect(
      refused(
        nodes,
        wires.filter((wire) => !wire.includes('direct')),
      ),
    ).toEqual([])
  })

  test('of streams that another zip joined by other numbers is refused, and where they met is named', () => {
    const nodes = { a: 'camera', c: 'camera', x: 'batch', y: 'batch', first: 'zip', second: 'zip' }
    const wires = ['a.image -> x.in', 'c.image -> y.in', 'a.image -> first.a', 'c.image -> first.b']
    const [problem] = find(nodes, [...wires, 'x.out -> second.a', 'y.out -> second.b'])
    expect(problem?.message).toMatch(/x\.out has the numbers of x and y\.out those of y, .* through y: .* before y, or/)
    // As late as the batches, so that the first zip is where they meet.
    const late = { ...nodes, p: 'latest-join', q: 'latest-join' }
    const lateWires = ['a.image -> p.a', 'x.out -> p.b', 'c.image -> q.a', 'y.out -> q.b', 'a.image -> x.in']
    const both = ['c.image -> y.in', 'x.out -> first.a', 'y.out -> first.b', 'p.a -> second.a', 'q.a -> second.b']
    expect(find(late, [...lateWires, ...both])[0]?.message).toMatch(/through first: .* for ever\. Use a latest join\.$/)
  })

  test('of two sources may stand beside a merge or a latest join of them, whatever the nodes are called', () => {
    for (const [zip, other] of ['yz', 'zy']) {
      for (const kind of ['merge', 'latest-join']) {
        const wires = [zip, other].flatMap((id) => [`a.image -> ${id}.a`, `c.image -> ${id}.b`])
        expect(refused({ ...cameras, [`${zip}`]: 'zip', [`${other}`]: kind }, wires)).toEqual([])
      }
    }
  })

  test('of two sources behind a latest join of them is legal, for it holds nobody up; behind a merge it is not', () => {
    const nodes = { a: 'camera', c: 'camera', l: 'latest-join', z: 'zip' }
    const wires = ['a.image -> l.a', 'c.image -> l.b', 'l.a -> z.a', 'c.image -> z.b']
    expect(refused(nodes, wires)).toEqual([])
    expect(refused({ ...nodes, l: 'merge' }, wires)).toEqual(['z'])
  })

  test('of three streams is refused if any two of them are connected by other numbers', () => {
    const kinds = new Map(testRegistry.list().map((kind) => [kind.id, kind]))
    const port = { label: 'In' }
    const zip3 = { ...kinds.get('zip'), inputPorts: () => ({ a: port, b: port, c: port }) }
    const registry = { ...testRegistry, get: (id: string) => (id === 'zip3' ? zip3 : kinds.get(id)) as never }
    const join = (third: string) => {
      const nodes = { a: 'camera', b: 'camera', c: 'camera', m: 'merge', z: 'zip3' }
      const graph = createGraph({
        nodes: Object.fromEntries(Object.entries(nodes).map(([id, kind]) => [id, { kind }])),
        wires: [...mergedAb, 'm.a -> z.a', 'c.image -> z.b', `${third} -> z.c`],
      })
      return findNumberingProblems(analyseGraph(graph, registry, testResources)).length
    }
    expect([join('m.b'), join('c.image'), join('a.image')]).toEqual([0, 0, 1])
  })

  test('of one stream with itself is legal, also of a batch, and so is one input alone', () => {
    const nodes = { a: 'camera', x: 'batch', twice: 'zip', once: 'zip' }
    const wires = ['a.image -> x.in', 'x.out -> twice.a', 'x.out -> twice.b', 'x.out -> once.a']
    expect(refused(nodes, wires)).toEqual([])
  })

  test('of two graph inputs is legal, as these are fed each at its own pace, but not with a batch of one beside', () => {
    const nodes = { p: 'graph-input', q: 'graph-input', x: 'batch', first: 'zip', second: 'zip' }
    const inputs = ['p.value -> first.a', 'q.value -> first.b']
    expect(refused(nodes, inputs)).toEqual([])
    const batch = ['p.value -> x.in', 'x.out -> second.a', 'q.value -> second.b']
    expect(refused(nodes, batch)).toEqual([])
    expect(refused(nodes, [...inputs, ...batch])).toHaveLength(1)
  })

  test('of streams through a placeholder is left alone', () => {
    const nodes = { a: 'camera', odd: 'of-tomorrow', z: 'zip' }
    expect(refused(nodes, ['a.image -> odd.in', 'odd.out -> z.a', 'a.image -> z.b'])).toEqual([])
  })
})

test('[G16] is found out for 20,000 nodes that are all connected, each wrong zip once', () => {
  const nodes: Record<string, string> = { n0: 'camera' }
  const wires: string[] = []
  for (let i = 1; i < 20_000; i += 2) {
    const before = i === 1 ? 'n0.image' : `n${i - 1}.a`
    Object.assign(nodes, { [`n${i}`]: 'batch', [`n${i + 1}`]: 'zip' })
    wires.push(`${before} -> n${i}.in`, `${before} -> n${i + 1}.a`, `n${i}.out -> n${i + 1}.b`)
  }
  expect(find(nodes, wires)).toHaveLength(10_000)
})

test('united sets know which union brought two members together, as a search through all unions does', () => {
  const pair = fc.tuple(fc.nat(15), fc.nat(15))
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 40 }), fc.array(pair), (unions, questions) => {
      const sets = new UnionFind<number, number>()
      const groups = Array.from({ length: 16 }, (_, i) => new Set([i]))
      const met = new Map<string, number>()
      for (const [index, [a, b]] of unions.entries()) {
        sets.unite(a, b, index)
        const [one = new Set<number>(), other = new Set<number>()] = [groups[a], groups[b]]
        if (one === other) continue
        for (const x of one) for (const y of other) met.set(`${x} ${y}`, index).set(`${y} ${x}`, index)
        for (const y of other) one.add(y)
        for (const y of other) groups[y] = one
      }
      for (const [a, b] of questions) {
        expect(sets.same(a, b)).toBe(groups[a] === groups[b])
        expect(sets.unitedBy(a, b)).toBe(met.get(`${a} ${b}`))
      }
    }),
  )
})
