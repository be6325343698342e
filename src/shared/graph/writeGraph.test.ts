import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { applyGraphChange } from './applyGraphChange.ts'
import type { Graph } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import { parseGraph } from './parseGraph.ts'
import { arbitraryGraph } from './testing/arbitraryGraph.ts'
import { createGraph, twoDevices } from './testing/createGraph.ts'
import { writeGraph } from './writeGraph.ts'

const photoSplit: Graph = {
  ...createGraph({
    devices: twoDevices,
    nodes: {
      link: { kind: 'tcp-transport', from: 'phone', to: 'server' },
      front: { kind: 'onnx-model', device: 'phone', params: { outputs: ['block10/add'], model: 'mobilenet_v2' } },
      camera: { kind: 'image-folder', device: 'phone', label: 'Photos', params: { path: 'photos', fps: 10 } },
    },
    wires: ['front.block10/add -> link.in'],
    layout: { link: [520, 80], camera: [40, 80.5] },
  }),
  wires: [
    { from: 'front.block10/add', to: 'link.in', policy: { kind: 'drop-oldest', capacity: 8 } },
    { from: 'camera.image', to: 'front.input', policy: { kind: 'latest' } },
  ],
  extras: { author: { since: 2025, name: 'Someone' } },
}

test('[G12] [G13] [G14] writes fields in a fixed order, entries by id, wires by input, and the layout last', () => {
  expect(writeGraph(photoSplit)).toBe(`{
  "format": "colliflow.graph",
  "version": 1,
  "title": "Test",
  "devices": {
    "phone": { "role": "edge" },
    "server": { "role": "cloud" }
  },
  "nodes": {
    "camera": { "kind": "image-folder", "device": "phone", "label": "Photos", "params": { "fps": 10, "path": "photos" } },
    "front": { "kind": "onnx-model", "device": "phone", "params": { "model": "mobilenet_v2", "outputs": ["block10/add"] } },
    "link": { "kind": "tcp-transport", "from": "phone", "to": "server", "params": {} }
  },
  "wires": [
    { "from": "camera.image", "to": "front.input", "policy": "latest" },
    { "from": "front.block10/add", "to": "link.in", "policy": { "capacity": 8, "kind": "drop-oldest" } }
  ],
  "author": { "name": "Someone", "since": 2025 },
  "layout": {
    "camera": [40, 80.5],
    "link": [520, 80]
  }
}
`)
})

test('[G12] saving what was opened gives the same bytes, for any document', () => {
  fc.assert(
    fc.property(arbitraryGraph, (graph) => {
      const text = writeGraph(graph)
      expect(writeGraph(unwrap(parseGraph(text)))).toBe(text)
    }),
    { numRuns: 300 },
  )
})

test('[G12] the order in which a graph was built does not show', () => {
  const reversed: Graph = {
    ...photoSplit,
    nodes: Object.fromEntries(Object.entries(photoSplit.nodes).reverse()),
    devices: Object.fromEntries(Object.entries(photoSplit.devices).reverse()),
    wires: [...photoSplit.wires].reverse(),
    layout: Object.fromEntries(Object.entries(photoSplit.layout).reverse()),
  }
  expect(writeGraph(reversed)).toBe(writeGraph(photoSplit))
})

test('[G14] moving a node changes one line, inside of the layout', () => {
  expect(changedLines({ type: 'move-node', id: 'camera', at: [41, 90] })).toEqual([
    '-    "camera": [40, 80.5],',
    '+    "camera": [41, 90],',
  ])
})

test('[G13] renaming a node changes its own line, its wires and its place, and nothing else', () => {
  expect(
    changedLines({ type: 'rename-node', id: 'camera', newId: 'cameraA' }).map((line) => line.slice(0, 20)),
  ).toEqual([
    '-    "camera": { "ki',
    '-    { "from": "came',
    '-    "camera": [40, ',
    '+    "cameraA": { "k',
    '+    { "from": "came',
    '+    "cameraA": [40,',
  ])
})

function changedLines(change: GraphChange): string[] {
  const before = writeGraph(photoSplit).split('\n')
  const after = writeGraph(unwrap(applyGraphChange(photoSplit, change)).graph).split('\n')
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ]
}
