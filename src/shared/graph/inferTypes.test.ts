import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { applyGraphChange } from './applyGraphChange.ts'
import type { Graph, JsonObject } from './graph.ts'
import { inferTypes } from './inferTypes.ts'
import { createGraph, twoDevices } from './testing/createGraph.ts'
import { testRegistry, testResources } from './testing/testRegistry.ts'

const infer = (graph: Graph) => inferTypes(graph, testRegistry, testResources)

const model = (name = 'net') => ({ kind: 'onnx-model', params: { model: name } })
const sourceOf = (spec: TensorSpec) => ({ kind: 'tensor-source', params: { spec } as unknown as JsonObject }) // specs are JSON

/** A source of `spec` wired into the image input of a model. */
function intoModel(spec: TensorSpec, name?: string): Graph {
  return createGraph({ nodes: { source: sourceOf(spec), front: model(name) }, wires: ['source.out -> front.image'] })
}

/** Applies the first fix until nothing has one; the kinds inserted on the way. */
function mend(graph: Graph) {
  let current = graph
  for (let round = 0; round < 4; round++) {
    const fix = infer(current).problems.find((problem) => problem.fix !== undefined)?.fix
    if (fix === undefined) break
    current = unwrap(applyGraphChange(current, { type: 'batch', changes: fix.changes })).graph
  }
  const added = Object.keys(current.nodes).filter((id) => graph.nodes[id] === undefined)
  return { graph: current, problems: infer(current).problems, added: added.map((id) => current.nodes[id]) }
}

describe('[G15] specs', () => {
  test('flow along wires, through nodes, to every input', () => {
    const types = infer(
      createGraph({
        nodes: {
          camera: { kind: 'camera' },
          ready: { kind: 'normalize', params: { preset: 'imagenet-tf' } },
          front: model(),
          sink: { kind: 'table' },
        },
        wires: ['camera.image -> ready.in', 'ready.out -> front.image', 'front.logits -> sink.in'],
      }),
    )
    const image: TensorSpec = { dtype: 'uint8', shape: [224, 224, 3], layout: 'HWC' }
    const normalized: TensorSpec = { dtype: 'float32', shape: [1, 3, 224, 224], layout: 'NCHW' }
    const logits: TensorSpec = { dtype: 'float32', shape: ['N', 1001] }
    expect(types).toEqual({
      inputs: new Map([
        ['camera', {}],
        ['ready', { in: image }],
        ['front', { image: normalized }],
        ['sink', { in: logits }],
      ]),
      outputs: new Map([
        ['camera', { image }],
        ['ready', { out: normalized }],
        ['front', { logits }],
        ['sink', {}],
      ]),
      problems: [],
    })
  })

  test.each<[string, TensorSpec['shape'], boolean]>([
    ['equal numbers', [1, 3, 224, 224], true],
    ['unknown numbers', [null, null, null, null], true],
    ["the sender's symbols", ['B', 3, 'H', 'H'], true],
    ['another number', [1, 3, 224, 225], false],
    ['another rank', [3, 224, 224], false],
  ])('of %s into [N,3,224,224]: %j fits: %s', (_words, shape, fits) => {
    expect(infer(intoModel({ dtype: 'float32', shape, layout: 'NCHW' })).problems).toHaveLength(fits ? 0 : 1)
  })

  test.each<[number | string | null, number | string | null, boolean]>([
    [1, 1, true],
    [1, 2, false],
    [null, 2, true],
    ['B', 2, true],
    ['B', 'C', true],
  ])('bind a symbol for the whole node: N = %s and %s fits: %s', (a, b, fits) => {
    const graph = createGraph({
      nodes: {
        one: sourceOf({ dtype: 'float32', shape: [a, 4] }),
        two: sourceOf({ dtype: 'float32', shape: [b, 4] }),
        both: { kind: 'same-batch' },
        // Another node has symbols of its own.
        free: { kind: 'same-batch' },
        three: sourceOf({ dtype: 'float32', shape: [3, 4] }),
      },
      wires: ['one.out -> both.a', 'two.out -> both.b', 'three.out -> free.a'],
    })
    expect(infer(graph).problems).toHaveLength(fits ? 0 : 1)
  })

  test('bind a symbol to a number even where it met a symbol of a sender first', () => {
    const nodes = {
      one: sourceOf({ dtype: 'float32', shape: ['B', 4] }),
      two: sourceOf({ dtype: 'float32', shape: [2, 4] }),
      three: sourceOf({ dtype: 'float32', shape: [3, 4] }),
      all: { kind: 'same-batch' },
    }
    const wires = ['one.out -> all.a', 'two.out -> all.b', 'three.out -> all.c']
    expect(infer(createGraph({ nodes, wires })).problems.map(({ at }) => at)).toEqual(['wires.three.out -> all.c'])
  })

  test('after an input at fault are unknown, so that one fault is one finding', () => {
    const graph = createGraph({
      nodes: { camera: { kind: 'camera' }, only: { kind: 'float-only' }, next: { kind: 'float-only' } },
      wires: ['camera.image -> only.in', 'only.out -> next.in'],
    })
    const types = infer(graph)
    expect(types.problems).toHaveLength(1)
    expect(types.inputs.get('next')).toEqual({})
  })

  test('do not come from ports that only Object has', () => {
    const graph = createGraph({
      nodes: { camera: { kind: 'camera' }, next: { kind: 'pass' } },
      wires: ['camera.constructor -> next.in'],
    })
    expect(infer(graph).inputs.get('next')).toEqual({})
  })
})

describe('[G15] a wire that does not fit', () => {
  test('is reported with both specs and the node that would make it fit', () => {
    const graph = createGraph({
      devices: twoDevices,
      nodes: { camera: { kind: 'camera', device: 'phone' }, front: { ...model(), device: 'phone' } },
      wires: ['camera.image -> front.image'],
      layout: { camera: [0, 0], front: [100, 50] },
    })
    expect(infer(graph).problems).toEqual([
      {
        code: 'graph.type-mismatch',
        severity: 'error',
        at: 'wires.camera.image -> front.image',
        message:
          'camera.image gives uint8 [224,224,3] HWC, but front.image takes float32 [N,3,224,224] NCHW. ' +
          'Insert Normalize (preset imagenet-tf) between them.',
        fix: {
          title: 'Insert Normalize (preset imagenet-tf)',
          changes: [
            { type: 'disconnect', to: 'front.image' },
            {
              type: 'add-node',
              id: 'normalize',
              node: { kind: 'normalize', params: { preset: 'imagenet-tf' }, device: 'phone' },
              at: [50, 25],
            },
            { type: 'connect', wire: { from: 'camera.image', to: 'normalize.in' } },
            { type: 'connect', wire: { from: 'normalize.out', to: 'front.image' } },
          ],
        },
      },
    ])
  })

  test.each<[string, Graph, readonly string[]]>([
    ['normalize', intoModel({ dtype: 'uint8', shape: [224, 224, 3], layout: 'HWC' }), ['normalize']],
    [
      'resize-crop and normalize, also for pictures of unknown size',
      intoModel({ dtype: 'uint8', shape: [null, null, 3], layout: 'HWC' }),
      ['resize-crop', 'normalize'],
    ],
    [
      'layout and cast, where the model has no preset',
      intoModel({ dtype: 'uint8', shape: [224, 224, 3], layout: 'HWC' }, 'plain'),
      ['layout', 'cast'],
    ],
    ['cast', intoModel({ dtype: 'float64', shape: [1, 3, 224, 224], layout: 'NCHW' }), ['cast']],
    ['layout', intoModel({ dtype: 'float32', shape: [1, 224, 224, 3], layout: 'NHWC' }), ['layout']],
    [
      'cast, where an input takes one dtype',
      createGraph({
        nodes: { camera: { kind: 'camera' }, only: { kind: 'float-only' } },
        wires: ['camera.image -> only.in'],
      }),
      ['cast'],
    ],
  ])('is mended by %s', (_title, graph, kinds) => {
    const mended = mend(graph)
    expect(mended.added.map((node) => node?.kind)).toEqual(kinds)
    expect(mended.problems).toEqual([])
  })

  test.each<[string, TensorSpec]>([
    ['encoded bytes', { dtype: 'bytes', shape: [null] }],
    ['a feature map of another size', { dtype: 'float32', shape: [1, 3, 100, 100], layout: 'NCHW' }],
    ['a vector', { dtype: 'float32', shape: [7] }],
  ])('has no fix where no simple node helps: %s', (_title, spec) => {
    const [problem, ...others] = infer(intoModel(spec)).problems
    expect(others).toEqual([])
    expect(problem?.fix).toBeUndefined()
    expect(problem?.message).toContain('takes float32 [N,3,224,224] NCHW.')
  })

  test('keeps its policy and its unknown fields on the first part when a node is put on it', () => {
    const graph = intoModel({ dtype: 'float64', shape: [1, 3, 224, 224] })
    const wires = [{ ...graph.wires[0], policy: { kind: 'latest' }, extras: { note: 1 } }] as Graph['wires'] // as above
    expect(mend({ ...graph, wires }).graph.wires).toEqual([
      { from: 'source.out', to: 'cast.in', policy: { kind: 'latest' }, extras: { note: 1 } },
      { from: 'cast.out', to: 'front.image' },
    ])
  })

  test('gets a node with a free id', () => {
    const graph = intoModel({ dtype: 'float64', shape: [1, 3, 224, 224] })
    const taken = { ...graph, nodes: { ...graph.nodes, cast: { kind: 'pass', params: {} } } }
    expect(mend(taken).graph.nodes).toHaveProperty('cast-2')
  })
})

test('what a kind refuses for its own reasons is reported at the node', () => {
  expect(infer(createGraph({ nodes: { front: model('nobody') } })).problems).toEqual([
    {
      code: 'model.not-found',
      severity: 'error',
      at: 'nodes.front',
      message: 'Node front: No model is called "nobody".',
    },
  ])
})

describe('[G16] a zip', () => {
  const numbering = (nodes: Record<string, string>, wires: readonly string[]) => {
    const kinds = Object.fromEntries(Object.entries(nodes).map(([id, kind]) => [id, { kind }]))
    return infer(createGraph({ nodes: kinds, wires })).problems.map(({ code, at }) => `${code} ${at}`)
  }
  const mixed = ['graph.numbering-mixed nodes.join']

  test('joins branches of one source', () => {
    const nodes = { s: 'camera', left: 'pass', right: 'pass', join: 'zip' }
    const wires = ['s.image -> left.in', 's.image -> right.in', 'left.out -> join.a', 'right.out -> join.b']
    expect(numbering(nodes, wires)).toEqual([])
  })

  test('joins two independent sources, also when one was numbered anew, and what came of it with one of them', () => {
    const nodes = { s: 'camera', t: 'camera', batch: 'batch', first: 'zip', join: 'zip' }
    const wires = ['s.image -> batch.in', 'batch.out -> first.a', 't.image -> first.b']
    expect(numbering(nodes, [...wires, 'first.a -> join.a', 't.image -> join.b'])).toEqual([])
    expect(numbering(nodes, [...wires, 'first.a -> join.a', 'batch.out -> join.b'])).toEqual([])
    expect(numbering(nodes, [...wires, 'first.a -> join.a', 's.image -> join.b'])).toEqual(mixed)
  })

  test('does not join a stream with itself numbered anew, by a batch or by a merge', () => {
    const batch = { s: 'camera', batch: 'batch', join: 'zip' }
    expect(numbering(batch, ['s.image -> batch.in', 'batch.out -> join.a', 's.image -> join.b'])).toEqual(mixed)
    const merge = { s: 'camera', t: 'camera', merge: 'merge', join: 'zip' }
    const merged = ['s.image -> merge.a', 't.image -> merge.b', 'merge.a -> join.a', 't.image -> join.b']
    expect(numbering(merge, merged)).toEqual(mixed)
  })

  test("is not needed: a latest join takes any streams, and keeps its first input's numbers", () => {
    const nodes = { s: 'camera', batch: 'batch', last: 'latest-join', join: 'zip' }
    const wires = ['s.image -> batch.in', 's.image -> last.a', 'batch.out -> last.b', 'last.a -> join.a']
    expect(numbering(nodes, [...wires, 's.image -> join.b'])).toEqual([])
    expect(numbering(nodes, [...wires, 'batch.out -> join.b'])).toEqual(mixed)
  })
})
