import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { findProblems } from '../graph/findProblems.ts'
import type { Graph, GraphNode, GraphWire } from '../graph/graph.ts'
import { inferTypes } from '../graph/inferTypes.ts'
import { parsePortRef } from '../graph/portRef.ts'
import { createGraph, twoDevices } from '../graph/testing/createGraph.ts'
import { testRegistry, testResources } from '../graph/testing/testRegistry.ts'
import { compareWires } from '../graph/topology.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { clientDevice, type DeviceProgram } from '../wire/deviceProgram.ts'
import { deviceProgramSchema } from '../wire/deviceProgramSchema.ts'
import { partition } from './partition.ts'
import { testNodeKinds } from './testing/testNodeKinds.ts'

function cut(graph: Graph) {
  return partition(graph, testNodeKinds, inferTypes(graph, testRegistry, testResources), testResources)
}

const middle: TensorSpec = { dtype: 'float32', shape: [1, 96, 14, 14], layout: 'NCHW' }
const logits: TensorSpec = { dtype: 'float32', shape: ['N', 1001] }

const split = createGraph({
  devices: { ...twoDevices, unused: { role: 'cloud' } },
  nodes: {
    photo: { kind: 'graph-input', device: 'phone' },
    source: { kind: 'tensor-source', device: 'phone', params: { spec: { dtype: 'float32', shape: [1, 3, 224, 224] } } },
    front: { kind: 'onnx-model', device: 'phone', params: { model: 'net', outputs: ['middle'] } },
    link: { kind: 'tcp-transport', from: 'phone', to: 'server' },
    back: { kind: 'onnx-model', device: 'server', params: { model: 'net', inputs: ['middle'] } },
    answer: { kind: 'graph-output', device: 'server' },
    log: { kind: 'table', device: 'phone' },
  },
  wires: [
    'source.out -> front.image',
    'photo.value -> log.in',
    'front.middle -> link.in',
    'link.out -> back.middle',
    'back.logits -> answer.value',
  ],
})

test('cuts a split network into one program a device, joined by links', () => {
  const { devices, links, programs, client, assetRequests } = unwrap(cut(split))
  expect(devices).toEqual(['phone', 'server'])
  expect(links).toEqual(['link'])
  expect(client).toEqual({
    inputs: { photo: { device: 'phone' } },
    outputs: { answer: { device: 'server', spec: logits } },
  })
  expect(assetRequests).toEqual(
    new Map([
      ['front', { model: { type: 'model', model: 'net' } }],
      ['back', { model: { type: 'model', model: 'net' } }],
    ]),
  )
  expect(programs.get('server')).toEqual({
    device: 'server',
    deviceIndex: 1,
    nodes: {
      back: {
        kind: 'onnx-model',
        params: { model: 'net', inputs: ['middle'] },
        inputSpecs: { middle },
        outputSpecs: { logits },
        assets: {},
      },
    },
    wires: [
      { from: 'back.logits', to: 'answer.in', policy: { kind: 'block' } },
      { from: 'link.out', to: 'back.middle', policy: { kind: 'block' } },
    ],
    links: {
      answer: { direction: 'send', peer: '$client', transport: 'websocket', spec: logits },
      link: { direction: 'receive', peer: 'phone', transport: 'tcp', spec: middle, linkIndex: 0 },
    },
  })
  expect(programs.get('phone')?.links).toEqual({
    link: { direction: 'send', peer: 'server', transport: 'tcp', spec: middle, linkIndex: 0 },
    photo: { direction: 'receive', peer: '$client', transport: 'websocket' },
  })
  expect(programs.get('phone')?.wires).toEqual([
    { from: 'source.out', to: 'front.image', policy: { kind: 'block' } },
    { from: 'front.middle', to: 'link.in', policy: { kind: 'block' } },
    { from: 'photo.out', to: 'log.in', policy: { kind: 'block' } },
  ])
})

test('a graph without devices runs on one device, whose name the caller may choose', () => {
  const graph = createGraph({ nodes: { s: { kind: 'camera' }, t: { kind: 'table' } }, wires: ['s.image -> t.in'] })
  expect(unwrap(cut(graph)).devices).toEqual(['local'])
  const types = inferTypes(graph, testRegistry, testResources)
  const here = unwrap(partition(graph, testNodeKinds, types, testResources, { unplacedDevice: 'here' }))
  expect(here.programs.get('here')?.deviceIndex).toBe(0)
  expect(here.programs.get('here')?.nodes.s?.params).toEqual({ width: 224, height: 224 })
})

describe('refuses', () => {
  const change = (id: string, node: Partial<GraphNode> & { kind: string }): Graph => ({
    ...split,
    nodes: { ...split.nodes, [id]: { params: {}, ...node } },
  })
  test.each<[string, Graph]>([
    ['graph.kind-unknown', change('log', { kind: 'from-the-future', device: 'phone' })],
    ['graph.params-invalid', change('front', { kind: 'onnx-model', device: 'phone' })],
    ['graph.node-unplaced', change('log', { kind: 'table' })],
    ['graph.device-missing', change('log', { kind: 'table', device: 'watch' })],
    ['graph.transport-ends', change('link', { kind: 'tcp-transport', from: 'phone', to: 'phone' })],
    ['graph.wire-crosses-devices', change('log', { kind: 'table', device: 'server' })],
    ['graph.node-missing', { ...split, wires: [...split.wires, { from: 'gone.out', to: 'log.in' }] }],
  ])('%s', (code, graph) => {
    expect(cut(graph)).toMatchObject({ ok: false, error: { code } })
  })
})

/** A random DAG on random devices; every wire that would cross gets a transport, and some wires inside a chain of two. */
const placedGraph = fc
  .array(
    fc.record({
      kind: fc.constantFrom('camera', 'pass', 'zip', 'latest-join', 'table', 'graph-output', 'graph-input'),
      device: fc.constantFrom('phone', 'server', 'box'),
      inputs: fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
      transport: fc.constantFrom('tcp-transport', 'websocket-transport'),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((sketches): Graph => {
    const nodes: Record<string, GraphNode> = {}
    const wires: GraphWire[] = []
    const outputs: { ref: string; device: string }[] = []
    for (const [index, { kind, device, inputs, transport }] of sketches.entries()) {
      const id = `n${index}`
      const own = testNodeKinds.get(kind)
      for (const [place, port] of Object.keys(own?.inputPorts({}, testResources) ?? {}).entries()) {
        const source = outputs[(inputs[place] ?? 0) % Math.max(outputs.length, 1)]
        if (source === undefined) continue
        let { ref } = source
        if (source.device !== device) {
          const link = `link${wires.length}`
          nodes[link] = { kind: transport, from: source.device, to: device, params: {} }
          wires.push({ from: ref, to: `${link}.in`, policy: { kind: 'latest' } })
          ref = `${link}.out`
        }
        wires.push({ from: ref, to: `${id}.${port}`, policy: { kind: 'block', capacity: 1 + index } })
      }
      nodes[id] = { kind, device, params: {} }
      const [output] = Object.keys(own?.outputPorts({}, testResources) ?? {})
      if (output !== undefined) outputs.push({ ref: `${id}.${output}`, device })
    }
    const devices = { phone: { role: 'edge' }, server: { role: 'cloud' }, box: { role: 'edge' } } as const
    return { title: 'Random', devices, nodes, wires, layout: {} }
  })

describe('of any graph on any devices', () => {
  test('the programs joined again are the graph, and each transport is one link with two ends', () => {
    fc.assert(
      fc.property(placedGraph, (graph) => {
        const { programs, links, devices } = unwrap(cut(graph))
        const transports = Object.keys(graph.nodes).filter((id) => graph.nodes[id]?.kind.endsWith('-transport'))
        expect(links).toEqual(transports.sort())
        for (const [index, id] of links.entries()) {
          const ends = [...programs.values()].flatMap(({ device, links: own }) =>
            own[id] ? [{ device, ...own[id] }] : [],
          )
          const { from, to } = graph.nodes[id] ?? {}
          expect(ends.map(({ device, peer, direction }) => `${device} ${direction} ${peer}`).sort()).toEqual(
            [`${from} send ${to}`, `${to} receive ${from}`].sort(),
          )
          expect(ends.map(({ linkIndex }) => linkIndex)).toEqual([index, index])
        }
        for (const [index, device] of devices.entries()) expect(programs.get(device)?.deviceIndex).toBe(index)
        expect(joinPrograms(programs)).toEqual({
          nodes: Object.fromEntries(Object.entries(graph.nodes).map(([id, node]) => [id, placeOf(node)])),
          wires: [...graph.wires].sort(compareWires),
        })
      }),
      { numRuns: 500 },
    )
  })

  test('each program is one that a device accepts, with wires between its own parts only', () => {
    fc.assert(
      fc.property(placedGraph, (graph) => {
        for (const program of unwrap(cut(graph)).programs.values()) {
          expect(deviceProgramSchema.safeParse(program).success).toBe(true)
          const own = new Set([...Object.keys(program.nodes), ...Object.keys(program.links)])
          for (const wire of program.wires) {
            expect(own.has(parsePortRef(wire.from).node) && own.has(parsePortRef(wire.to).node)).toBe(true)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  test('whoever is asked about placement first has nothing to say about such a graph', () => {
    fc.assert(
      fc.property(placedGraph, (graph) => {
        const placement = ['graph.wire-crosses-devices', 'graph.transport-ends', 'graph.node-unplaced']
        const found = findProblems(graph, testRegistry, testResources).filter(({ code }) => placement.includes(code))
        expect(found).toEqual([])
      }),
    )
  })
})

function placeOf({ kind, device, from, to }: GraphNode) {
  return from === undefined ? { kind, device } : { kind, from, to }
}

/** What partition took apart, put together by nothing but the programs. */
function joinPrograms(programs: ReadonlyMap<string, DeviceProgram>) {
  const nodes: Record<string, object> = {}
  const wires: GraphWire[] = []
  for (const { device, nodes: own, links, wires: ownWires } of programs.values()) {
    for (const [id, { kind }] of Object.entries(own)) nodes[id] = { kind, device }
    for (const [id, { peer, direction, transport }] of Object.entries(links)) {
      if (peer === clientDevice) nodes[id] = { kind: direction === 'send' ? 'graph-output' : 'graph-input', device }
      else if (direction === 'send') nodes[id] = { kind: `${transport}-transport`, from: device, to: peer }
    }
    const restore = (ref: string) => {
      const { node } = parsePortRef(ref)
      return links[node]?.peer === clientDevice ? `${node}.value` : ref
    }
    wires.push(...ownWires.map(({ from, to, policy }) => ({ from: restore(from), to: restore(to), policy })))
  }
  return { nodes, wires: wires.sort(compareWires) }
}
