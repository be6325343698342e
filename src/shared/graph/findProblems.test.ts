import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { applyGraphChange } from './applyGraphChange.ts'
import { findProblems } from './findProblems.ts'
import type { Graph } from './graph.ts'
import type { KindRegistry } from './kindRegistry.ts'
import { createGraph, twoDevices } from './testing/createGraph.ts'
import { testRegistry, testResources } from './testing/testRegistry.ts'

const find = (graph: Graph) => findProblems(graph, testRegistry, testResources)
const codes = (graph: Graph) => find(graph).map(({ code, severity, at }) => `${severity} ${code} ${at}`)

const split = createGraph({
  devices: twoDevices,
  nodes: {
    camera: { kind: 'camera', device: 'phone' },
    ready: { kind: 'normalize', device: 'phone', params: { preset: 'imagenet-tf' } },
    front: { kind: 'onnx-model', device: 'phone', params: { model: 'net', outputs: ['middle'] } },
    link: { kind: 'tcp-transport', from: 'phone', to: 'server' },
    back: { kind: 'onnx-model', device: 'server', params: { model: 'net', inputs: ['middle'] } },
    result: { kind: 'graph-output', device: 'server' },
  },
  wires: [
    'camera.image -> ready.in',
    'ready.out -> front.image',
    'front.middle -> link.in',
    'link.out -> back.middle',
    'back.logits -> result.value',
  ],
})

const withNode = (id: string, change: Partial<Graph['nodes'][string]>): Graph => ({
  ...split,
  nodes: { ...split.nodes, [id]: { ...(split.nodes[id] ?? { kind: 'pass', params: {} }), ...change } },
})
const withWire = (from: string, to: string): Graph => ({ ...split, wires: [...split.wires, { from, to }] })
const withoutWire = (to: string): Graph => ({ ...split, wires: split.wires.filter((wire) => wire.to !== to) })

/** The graph after the first fix on offer. */
function fixed(graph: Graph): Graph {
  const fix = find(graph).find((problem) => problem.fix !== undefined)?.fix
  return unwrap(applyGraphChange(graph, { type: 'batch', changes: fix?.changes ?? [] })).graph
}

test('a correct split has no problems', () => {
  expect(find(split)).toEqual([])
})

describe('each fault is found once, with its place', () => {
  test.each<[string, Graph, readonly string[]]>([
    [
      '[G7] an unknown kind',
      withNode('x', { kind: 'odd', device: 'phone' }),
      ['error graph.kind-unknown nodes.x.kind'],
    ],
    [
      '[G8] a wrong param, after which nothing of the node is judged',
      withNode('ready', { params: { preset: 3 } }),
      ['error graph.params-invalid nodes.ready.params.preset'],
    ],
    ['[G9] an input without a wire', withoutWire('front.image'), ['error graph.input-unconnected nodes.front.image']],
    [
      '[G9] a second wire into an input',
      withWire('camera.image', 'ready.in'),
      ['error graph.input-connected-twice wires.camera.image -> ready.in'],
    ],
    [
      '[G9] a wire to a node that does not exist',
      withWire('camera.image', 'gone.in'),
      ['error graph.node-missing wires.camera.image -> gone.in'],
    ],
    [
      '[G9] a wire from a port that does not exist',
      withWire('camera.depth', 'extra.in'),
      [
        'error graph.port-missing wires.camera.depth -> extra.in',
        'error graph.node-missing wires.camera.depth -> extra.in',
      ],
    ],
    [
      '[G9] a wire into a port that does not exist',
      withWire('camera.image', 'front.constructor'),
      ['error graph.port-missing wires.camera.image -> front.constructor'],
    ],
    [
      '[G18] a device that is not listed',
      withNode('ready', { device: 'watch' }),
      ['error graph.device-missing nodes.ready.device'],
    ],
    ['[G18] a node without a device', withNode('x', { kind: 'camera' }), ['error graph.node-unplaced nodes.x']],
    [
      '[G19] a transport without an end',
      { ...split, nodes: { ...split.nodes, link: { kind: 'tcp-transport', from: 'phone', params: {} } } },
      ['error graph.transport-ends nodes.link'],
    ],
    ['[G19] a transport to itself', withNode('link', { to: 'phone' }), ['error graph.transport-ends nodes.link']],
    [
      '[G19] a transport the wrong way round, once for both ends',
      withNode('link', { from: 'server', to: 'phone' }),
      ['error graph.transport-ends nodes.link'],
    ],
    [
      '[G19] a wire between devices',
      withNode('ready', { device: 'server' }),
      [
        'error graph.wire-crosses-devices wires.ready.out -> front.image',
        'error graph.wire-crosses-devices wires.camera.image -> ready.in',
      ],
    ],
    [
      '[G20] a cycle',
      createGraph({
        nodes: { s: { kind: 'camera' }, a: { kind: 'zip' }, b: { kind: 'pass' }, t: { kind: 'table' } },
        wires: ['s.image -> a.a', 'a.a -> b.in', 'b.out -> a.b', 'b.out -> t.in'],
      }),
      ['error graph.cycle nodes.a'],
    ],
    [
      '[G21] an empty graph',
      createGraph({ nodes: {} }),
      ['warning graph.no-source nodes', 'warning graph.no-output nodes'],
    ],
    [
      '[G14] a place of a node that does not exist',
      { ...split, layout: { gone: [1, 2] } },
      ['warning graph.node-missing layout.gone'],
    ],
  ])('%s', (_title, graph, expected) => {
    expect(codes(graph)).toEqual(expected)
  })

  test('[G18] a graph without devices needs no placement', () => {
    const nodes = { s: { kind: 'camera' }, t: { kind: 'table' } }
    expect(codes(createGraph({ nodes, wires: ['s.image -> t.in'] }))).toEqual([])
  })

  test('[G19] between two transports, the first one is told', () => {
    const devices = { ...twoDevices, box: { role: 'edge' as const } }
    const graph = createGraph({
      devices,
      nodes: {
        s: { kind: 'camera', device: 'phone' },
        one: { kind: 'tcp-transport', from: 'phone', to: 'box' },
        two: { kind: 'tcp-transport', from: 'phone', to: 'server' },
        t: { kind: 'table', device: 'server' },
      },
      wires: ['s.image -> one.in', 'one.out -> two.in', 'two.out -> t.in'],
    })
    expect(codes(graph)).toEqual(['error graph.transport-ends nodes.one'])
  })

  test('[G7] an unknown kind is told with the closest name', () => {
    expect(find(withNode('x', { kind: 'cameras', device: 'phone' }))[0]?.message).toContain('Did you mean "camera"?')
  })

  test('the order of nodes and wires in the file does not show', () => {
    const graph = withNode('ready', { device: 'server', params: {} })
    const shuffled: Graph = {
      ...graph,
      nodes: Object.fromEntries(Object.entries(graph.nodes).reverse()),
      wires: [...graph.wires].reverse(),
    }
    expect(find(shuffled)).toEqual(find(graph))
  })
})

describe('the proposed fix mends', () => {
  test.each<[string, Graph]>([
    ['a wire between devices, by a transport', { ...withNode('back', { device: 'server' }), ...withoutTransport() }],
    ['a transport the wrong way round', withNode('link', { from: 'server', to: 'phone' })],
    ['a transport without ends', { ...split, nodes: { ...split.nodes, link: { kind: 'tcp-transport', params: {} } } }],
    ['a node without a device', { ...split, nodes: { ...split.nodes, ready: withoutDevice('ready') } }],
  ])('%s', (_title, graph) => {
    expect(find(graph)).toHaveLength(1)
    expect(find(fixed(graph))).toEqual([])
  })

  function withoutTransport(): Pick<Graph, 'nodes' | 'wires'> {
    const { link: _link, ...nodes } = split.nodes
    const wires = split.wires.filter(({ from, to }) => !from.startsWith('link.') && !to.startsWith('link.'))
    return { nodes, wires: [...wires, { from: 'front.middle', to: 'back.middle' }] }
  }

  function withoutDevice(id: string): Graph['nodes'][string] {
    const { device: _device, ...node } = split.nodes[id] ?? { kind: 'pass', params: {} }
    return node
  }
})

test('asks the kind of each node once for its params, ports and types, so that large graphs stay quick', () => {
  const calls: string[] = []
  const counting: KindRegistry = {
    list: testRegistry.list,
    get(id) {
      const kind = testRegistry.get(id)
      if (kind === undefined) return undefined
      return {
        ...kind,
        parseParams(params) {
          calls.push('parseParams')
          return kind.parseParams(params)
        },
        inputPorts(params, resources) {
          calls.push('inputPorts')
          return kind.inputPorts(params, resources)
        },
        inferOutputs(params, inputs, resources) {
          calls.push('inferOutputs')
          return kind.inferOutputs(params, inputs, resources)
        },
      }
    },
  }
  expect(findProblems(split, counting, testResources)).toEqual([])
  for (const name of ['parseParams', 'inputPorts', 'inferOutputs']) {
    expect(calls.filter((call) => call === name)).toHaveLength(Object.keys(split.nodes).length)
  }
})
