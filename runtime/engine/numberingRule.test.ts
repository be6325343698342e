import fc from 'fast-check'
import { expect, test } from 'vitest'
import { analyseGraph } from '../../src/shared/graph/analyseGraph.ts'
import { findNumberingProblems } from '../../src/shared/graph/findNumberingProblems.ts'
import type { Graph, GraphNode } from '../../src/shared/graph/graph.ts'
import { emptyResources } from '../../src/shared/graph/graphResources.ts'
import { createKindRegistry, nodeKinds } from '../../src/shared/node-kinds/index.ts'
import type { RandomGraph, RandomNode, RandomWire } from './testing/randomGraph.ts'
import { runRandomGraph } from './testing/runRandomGraph.ts'

/** Fixed, so that every run checks the same graphs; COLLIFLOW_SEED tries others. */
const seed = Number(process.env.COLLIFLOW_SEED ?? 20_262)
const graphs = Number(process.env.COLLIFLOW_GRAPHS ?? 2000)
const registry = createKindRegistry(nodeKinds)

/** Any nodes on any streams, whether they can run or not. All wires hold their senders up, after one frame or two. */
function makeCarelessGraph(choices: readonly number[]): RandomGraph {
  let at = 0
  const choose = (count: number) => (choices[at++] ?? 0) % count
  const nodes: RandomNode[] = []
  const wires: RandomWire[] = []
  const streams: number[] = []
  const timing = () => ({
    salt: choose(1000),
    maxMs: [0, 0, 0, 5][choose(4)] ?? 0,
    concurrency: 1 + choose(2),
    startsOn: 0,
  })

  function add(node: RandomNode, inputs: number): void {
    const to = nodes.push(node) - 1
    for (let input = 0; input < inputs; input++) {
      const from = streams[choose(streams.length)] ?? 0
      wires.push({ from, to, input, policy: { kind: 'block', capacity: 1 + choose(2) } })
    }
    if (node.type !== 'sink') streams.push(to)
  }

  for (let sources = 1 + choose(4); sources > 0; sources--) {
    add({ ...timing(), type: 'source', count: 20 + choose(40), everyMs: choose(3), skipEvery: 2 + choose(9) }, 0)
  }
  for (let steps = 2 + choose(7); steps > 0; steps--) {
    const inputs = 2 + choose(2)
    const kind = choose(9)
    if (kind < 3) add({ ...timing(), type: 'zip', inputs }, inputs)
    else if (kind < 5) add({ ...timing(), type: 'merge', inputs }, inputs)
    else if (kind === 5) add({ ...timing(), type: 'latest', inputs }, inputs)
    else if (kind === 6) add({ ...timing(), type: 'batch', size: 1 + choose(5) }, 1)
    else add({ ...timing(), type: kind === 7 ? 'gate' : 'map' }, 1)
  }
  for (const stream of [...streams]) {
    if (wires.some(({ from }) => from === stream)) continue
    const to = nodes.push({ ...timing(), type: 'sink' }) - 1
    wires.push({ from: stream, to, input: 0, policy: { kind: 'block', capacity: 1 } })
  }
  return { lossless: true, nodes, wires, expected: [] }
}

/** The same as a document; `rename` gives the ids. */
function toDocument({ nodes, wires }: RandomGraph, rename = (node: number) => `n${node}`): Graph {
  const inputPort = (to: number, input: number) => (isJoin(nodes[to]) ? `in${input + 1}` : 'in')
  return {
    title: 'Random',
    devices: {},
    nodes: Object.fromEntries(nodes.map((node, id) => [rename(id), toGraphNode(node)])),
    wires: wires.map(({ from, to, input }) => ({
      from: `${rename(from)}.${isJoin(nodes[from]) && nodes[from]?.type !== 'merge' ? 'out1' : 'out'}`,
      to: `${rename(to)}.${inputPort(to, input)}`,
    })),
    layout: {},
  }
}

function isJoin(node: RandomNode | undefined): boolean {
  return node !== undefined && 'inputs' in node
}

function toGraphNode(node: RandomNode): GraphNode {
  switch (node.type) {
    case 'source':
      return { kind: 'synthetic-frames', params: {} }
    case 'zip':
    case 'merge':
      return { kind: node.type, params: { inputs: node.inputs } }
    case 'latest':
      return { kind: 'latest-join', params: { inputs: node.inputs } }
    case 'batch':
      return { kind: 'batch', params: { size: node.size } }
    case 'map':
    case 'gate':
      return { kind: 'sample', params: {} }
    case 'sink':
      return { kind: 'table', params: {} }
  }
}

const isAccepted = (graph: Graph) => findNumberingProblems(analyseGraph(graph, registry, emptyResources)).length === 0
const choices = fc.array(fc.nat(9999), { minLength: 40, maxLength: 120, size: 'max' })

test(`[G16] of ${graphs} careless graphs, none that the rule accepts stands still, and some that it refuses do`, async () => {
  const found = { accepted: 0, refused: 0, stuck: 0 }
  await fc.assert(
    fc.asyncProperty(choices, fc.array(fc.nat(9999), { minLength: 1, maxLength: 20 }), async (graphChoices, places) => {
      const graph = makeCarelessGraph(graphChoices)
      const accepted = isAccepted(toDocument(graph))
      const runs = []
      for (const devices of [1, 3]) runs.push(await runRandomGraph(graph, { devices, choices: places }))
      const faults = runs.flatMap(({ failures, stuck }) => (stuck > 0 ? [...failures, 'waits for ever'] : failures))
      if (accepted) expect(faults).toEqual([])
      if (accepted && graph.nodes.some(({ type }) => type === 'zip')) found.accepted++
      if (!accepted) found.refused++
      if (!accepted && faults.length > 0) found.stuck++
    }),
    { seed, numRuns: graphs },
  )
  expect(found.accepted).toBeGreaterThan(graphs / 10)
  expect(found.refused).toBeGreaterThan(graphs / 10)
  expect(found.stuck).toBeGreaterThan(graphs / 50)
}, 300_000)

test('[G16] whether a graph is accepted does not depend on the names of its nodes', () => {
  const names = fc.shuffledSubarray(
    Array.from({ length: 40 }, (_, i) => `m${i + 10}`),
    { minLength: 40 },
  )
  fc.assert(
    fc.property(choices, names, (graphChoices, ids) => {
      const graph = makeCarelessGraph(graphChoices)
      const renamed = toDocument(graph, (node) => ids[node] ?? `n${node}`)
      expect(isAccepted(renamed)).toBe(isAccepted(toDocument(graph)))
    }),
    { seed, numRuns: graphs },
  )
})
