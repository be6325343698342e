import { describe, expect, test } from 'vitest'
import { findProblems } from '../graph/findProblems.ts'
import type { Graph, GraphNode } from '../graph/graph.ts'
import { createGraph, twoDevices } from '../graph/testing/createGraph.ts'
import { testRegistry, testResources } from '../graph/testing/testRegistry.ts'
import { compareWires } from '../graph/topology.ts'
import { uncutGraph } from './uncutGraph.ts'

const part = (device: string, params: GraphNode['params'], model = 'net') => ({
  kind: 'onnx-model',
  device,
  params: { model, ...params },
})
const tcp = (from: string, to: string) => ({ kind: 'tcp-transport', from, to })
const on = (device: string, kind: string, params: GraphNode['params'] = {}) => ({ kind, device, params })

/** The nodes with their devices and the wires as text. */
function summary(graph: Graph) {
  return {
    nodes: Object.entries(graph.nodes)
      .map(([id, node]) => `${id} ${node.device ?? `${node.from}>${node.to}`}`)
      .sort(),
    wires: [...graph.wires].sort(compareWires).map(({ from, to }) => `${from} -> ${to}`),
  }
}

const uncut = (graph: Graph) => uncutGraph(graph, testRegistry)

const head = {
  camera: on('phone', 'camera'),
  ready: on('phone', 'normalize', { preset: 'imagenet-tf' }),
  front: part('phone', { outputs: ['middle'] }),
}
const headWires = ['camera.image -> ready.in', 'ready.out -> front.image']

test('joins two halves with codec and transport between, and keeps what follows on the first device', () => {
  const graph = createGraph({
    devices: twoDevices,
    nodes: {
      ...head,
      pack: on('phone', 'pass'),
      link: tcp('phone', 'server'),
      unpack: on('server', 'pass'),
      back: part('server', { inputs: ['middle'] }),
      scores: on('server', 'pass'),
      result: on('server', 'graph-output'),
      sizes: on('server', 'table'),
    },
    wires: [
      ...headWires,
      'front.middle -> pack.in',
      'pack.out -> link.in',
      'link.out -> unpack.in',
      'link.out -> sizes.in',
      'unpack.out -> back.middle',
      'back.logits -> scores.in',
      'scores.out -> result.value',
    ],
    layout: { front: [1, 2], pack: [3, 4] },
  })
  const whole = uncut(graph)
  expect(summary(whole)).toEqual({
    nodes: ['camera phone', 'front phone', 'ready phone', 'result phone', 'scores phone'],
    wires: [
      'ready.out -> front.image',
      'camera.image -> ready.in',
      'scores.out -> result.value',
      'front.logits -> scores.in',
    ],
  })
  expect(whole.nodes.front?.params).toEqual({ model: 'net' })
  expect(whole.layout).toEqual({ front: [1, 2] })
  expect(findProblems(whole, testRegistry, testResources)).toEqual([])
})

test('joins a chain of three parts, and leaves out the transport behind the last', () => {
  const graph = createGraph({
    devices: { ...twoDevices, box: { role: 'edge' } },
    nodes: {
      ...head,
      front: part('phone', { outputs: ['early'] }),
      up: tcp('phone', 'box'),
      // Alphabetically before the head: the order of joining must not matter.
      belly: part('box', { inputs: ['early'], outputs: ['middle'] }),
      on: tcp('box', 'server'),
      back: part('server', { inputs: ['middle'] }),
      home: { kind: 'websocket-transport', from: 'server', to: 'phone' },
      result: on('phone', 'table'),
    },
    wires: [
      ...headWires,
      'front.early -> up.in',
      'up.out -> belly.early',
      'belly.middle -> on.in',
      'on.out -> back.middle',
      'back.logits -> home.in',
      'home.out -> result.in',
    ],
  })
  const whole = uncut(graph)
  expect(summary(whole)).toEqual({
    nodes: ['camera phone', 'front phone', 'ready phone', 'result phone'],
    wires: ['ready.out -> front.image', 'camera.image -> ready.in', 'front.logits -> result.in'],
  })
  expect(whole.nodes.front?.params).toEqual({ model: 'net' })
})

test('joins a cut of several tensors, in whatever order the halves name them', () => {
  const graph = createGraph({
    devices: twoDevices,
    nodes: {
      ...head,
      front: part('phone', { outputs: ['middle', 'side'] }),
      one: tcp('phone', 'server'),
      two: tcp('phone', 'server'),
      back: part('server', { inputs: ['side', 'middle'] }),
      result: on('server', 'table'),
    },
    wires: [
      ...headWires,
      'front.middle -> one.in',
      'front.side -> two.in',
      'one.out -> back.middle',
      'two.out -> back.side',
      'back.logits -> result.in',
    ],
  })
  expect(summary(uncut(graph))).toEqual({
    nodes: ['camera phone', 'front phone', 'ready phone', 'result phone'],
    wires: ['ready.out -> front.image', 'camera.image -> ready.in', 'front.logits -> result.in'],
  })
})

describe('leaves alone', () => {
  test('a graph without a split', () => {
    const graph = createGraph({ nodes: { front: { kind: 'onnx-model', params: { model: 'net' } } } })
    expect(uncut(graph)).toBe(graph)
  })

  test('halves of different models, and halves that do not feed each other', () => {
    const nodes = {
      front: part('phone', { outputs: ['middle'] }),
      other: part('phone', { inputs: ['middle'] }, 'plain'),
      apart: part('phone', { inputs: ['middle'] }),
    }
    const graph = createGraph({ devices: twoDevices, nodes, wires: ['front.middle -> other.middle'] })
    expect(uncut(graph)).toBe(graph)
  })
})

test('of two split models side by side, each is joined on the device of its own first half', () => {
  const half = (phone: string, name: string) => ({
    [`camera${name}`]: on(phone, 'camera'),
    [`front${name}`]: part(phone, { outputs: ['middle'] }),
    [`link${name}`]: tcp(phone, 'server'),
    [`back${name}`]: part('server', { inputs: ['middle'] }),
    [`table${name}`]: on('server', 'table'),
  })
  const wires = (name: string) => [
    `camera${name}.image -> front${name}.image`,
    `front${name}.middle -> link${name}.in`,
    `link${name}.out -> back${name}.middle`,
    `back${name}.logits -> table${name}.in`,
  ]
  const devices = { ...twoDevices, other: { role: 'edge' } } as const
  const graph = createGraph({
    devices,
    nodes: { ...half('phone', 'A'), ...half('other', 'B') },
    wires: [...wires('A'), ...wires('B')],
  })
  expect(summary(uncut(graph)).nodes).toEqual([
    'cameraA phone',
    'cameraB other',
    'frontA phone',
    'frontB other',
    'tableA phone',
    'tableB other',
  ])
})

test('what joins results with another stream keeps the transports of that stream, the last one turned to its new place', () => {
  const graph = createGraph({
    devices: { ...twoDevices, other: { role: 'edge' }, box: { role: 'edge' } },
    nodes: {
      ...head,
      link: tcp('phone', 'server'),
      back: part('server', { inputs: ['middle'] }),
      second: on('other', 'camera'),
      bring1: tcp('other', 'box'),
      bring2: tcp('box', 'server'),
      aside: on('server', 'table'),
      local: on('server', 'camera'),
      join: on('server', 'latest-join'),
      last: on('server', 'latest-join'),
      result: on('server', 'table'),
    },
    wires: [
      ...headWires,
      'front.middle -> link.in',
      'link.out -> back.middle',
      'back.logits -> join.a',
      'second.image -> bring1.in',
      'bring1.out -> bring2.in',
      'bring2.out -> join.b',
      'bring2.out -> aside.in',
      'join.a -> last.a',
      'local.image -> last.b',
      'last.a -> result.in',
    ],
  })
  const whole = uncut(graph)
  expect(summary(whole).nodes).toEqual([
    'aside phone',
    'bring1 other>box',
    'bring2 box>phone',
    'camera phone',
    'front phone',
    'join phone',
    'last phone',
    'local phone',
    'ready phone',
    'result phone',
    'second other',
  ])
  expect(findProblems(whole, testRegistry, testResources)).toEqual([])
})
