import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { inferShapes } from '../../src/shared/onnx/inferShapes.ts'
import type { OnnxModel } from '../../src/shared/onnx/onnxModel.ts'
import { readModel } from '../../src/shared/onnx/readModel.ts'
import {
  type AttributeValue,
  buildModel,
  floats,
  int64s,
  type NodeDescription,
} from '../../src/shared/onnx/testing/buildModel.ts'
import type { TensorSpec } from '../../src/shared/tensor/tensorSpec.ts'
import { networks, withAllValuesAsOutputs } from './support/networks.ts'

interface Case {
  readonly title: string
  readonly nodes: readonly NodeDescription[]
  readonly weights?: Parameters<typeof buildModel>[0]['weights']
  readonly opset?: number
}

function one(
  op: string,
  others: readonly string[] = [],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  outputs = ['y'],
): NodeDescription[] {
  return [{ op, inputs: ['x', ...others], outputs, attributes }]
}

/** All read x, float32 [N,4,10,12], and make y (and z). */
const cases: readonly Case[] = [
  ...[1, 2, 3].flatMap((stride) =>
    [0, 1].map((pad) => ({
      title: `Conv, stride ${stride}, padding ${pad}`,
      nodes: one('Conv', ['w'], { strides: [stride, stride], pads: [pad, pad, pad, pad], kernel_shape: [3, 3] }),
      weights: [floats('w', [6, 4, 3, 3])],
    })),
  ),
  {
    title: 'Conv, uneven padding',
    nodes: one('Conv', ['w'], { strides: [2, 2], pads: [0, 0, 1, 1] }),
    weights: [floats('w', [6, 4, 3, 3])],
  },
  { title: 'Conv, dilated', nodes: one('Conv', ['w'], { dilations: [2, 3] }), weights: [floats('w', [6, 4, 3, 3])] },
  { title: 'Conv, by channel', nodes: one('Conv', ['w'], { group: 4 }), weights: [floats('w', [4, 1, 3, 3])] },
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) => ({
    title: `Conv, ${auto_pad}`,
    nodes: one('Conv', ['w'], { auto_pad, strides: [2, 3] }),
    weights: [floats('w', [6, 4, 3, 3])],
  })),
  {
    title: 'ConvTranspose, strides, padding, extra',
    nodes: one('ConvTranspose', ['w'], {
      strides: [2, 3],
      pads: [1, 0, 1, 1],
      output_padding: [1, 0],
      kernel_shape: [3, 3],
    }),
    weights: [floats('w', [4, 5, 3, 3])],
  },
  {
    title: 'ConvTranspose, by group',
    nodes: one('ConvTranspose', ['w'], { group: 2 }),
    weights: [floats('w', [4, 5, 2, 2])],
  },
  ...[0, 1].map((ceil_mode) => ({
    title: `MaxPool, ceil_mode ${ceil_mode}`,
    nodes: one('MaxPool', [], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode }),
  })),
  {
    title: 'MaxPool with padding and ceil_mode',
    nodes: one('MaxPool', [], { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 }),
  },
  { title: 'AveragePool', nodes: one('AveragePool', [], { kernel_shape: [2, 3], pads: [0, 1, 0, 1] }) },
  { title: 'GlobalAveragePool', nodes: one('GlobalAveragePool') },
  { title: 'GlobalMaxPool', nodes: one('GlobalMaxPool') },
  { title: 'LRN', nodes: one('LRN', [], { size: 3 }) },
  {
    title: 'BatchNormalization',
    nodes: one('BatchNormalization', ['s', 's', 's', 's']),
    weights: [floats('s', [4])],
  },
  {
    title: 'Flatten and Gemm',
    nodes: [
      ...one('Flatten', [], {}, ['f']),
      { op: 'Gemm', inputs: ['f', 'w'], outputs: ['y'], attributes: { transB: 1 } },
    ],
    weights: [floats('w', [7, 480])],
  },
  { title: 'MatMul', nodes: one('MatMul', ['w']), weights: [floats('w', [12, 5])] },
  { title: 'MatMul with a vector', nodes: one('MatMul', ['w']), weights: [floats('w', [12])] },
  { title: 'Add, broadcast', nodes: one('Add', ['w']), weights: [floats('w', [4, 1, 1])] },
  { title: 'Mul with more axes', nodes: one('Mul', ['w']), weights: [floats('w', [2, 1, 1, 1, 12])] },
  { title: 'Sum of three', nodes: one('Sum', ['x', 'w']), weights: [floats('w', [1])] },
  {
    title: 'Where',
    nodes: [...one('Greater', ['w'], {}, ['c']), { op: 'Where', inputs: ['c', 'x', 'w'], outputs: ['y'] }],
    weights: [floats('w', [1])],
  },
  { title: 'Concat of channels', nodes: one('Concat', ['x', 'x'], { axis: 1 }) },
  { title: 'Concat along a negative axis', nodes: one('Concat', ['x'], { axis: -1 }) },
  {
    title: 'Split with sizes',
    nodes: one('Split', ['sizes'], { axis: 1 }, ['y', 'z']),
    weights: [int64s('sizes', [1, 3])],
  },
  { title: 'Split in equal parts', nodes: one('Split', [], { axis: 3 }, ['y', 'z']) },
  { title: 'Split in opset 11', nodes: one('Split', [], { axis: 1, split: [3, 1] }, ['y', 'z']), opset: 11 },
  { title: 'Reshape with 0 and -1', nodes: one('Reshape', ['shape']), weights: [int64s('shape', [0, -1, 12])] },
  {
    title: 'Reshape with the batch left over',
    nodes: one('Reshape', ['shape']),
    weights: [int64s('shape', [-1, 480])],
  },
  {
    title: 'Reshape to a computed shape (Shape, Gather, Unsqueeze, Concat)',
    nodes: [
      ...one('Shape', [], {}, ['s']),
      { op: 'Gather', inputs: ['s', 'first'], outputs: ['n'], attributes: { axis: 0 } },
      { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
      { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['shape'], attributes: { axis: 0 } },
      { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
    ],
    weights: [int64s('first', [0], []), int64s('axes', [0]), int64s('rest', [-1])],
  },
  {
    title: 'Reshape by arithmetic on sizes (Slice, Div, Cast, Mul, Squeeze)',
    nodes: [
      ...one('Shape', [], {}, ['s']),
      { op: 'Slice', inputs: ['s', 'one', 'two'], outputs: ['c'] },
      { op: 'Div', inputs: ['c', 'two'], outputs: ['half'] },
      { op: 'Cast', inputs: ['half'], outputs: ['cast'], attributes: { to: 7 } },
      { op: 'Mul', inputs: ['cast', 'two'], outputs: ['back'] },
      { op: 'Concat', inputs: ['zero', 'half', 'two', 'minus'], outputs: ['shape'], attributes: { axis: 0 } },
      { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
    ],
    weights: [int64s('zero', [0]), int64s('one', [1]), int64s('two', [2]), int64s('minus', [-1])],
  },
  { title: 'Transpose', nodes: one('Transpose', [], { perm: [0, 2, 3, 1] }) },
  { title: 'Transpose without order', nodes: one('Transpose') },
  {
    title: 'Unsqueeze and Squeeze',
    nodes: [...one('Unsqueeze', ['a'], {}, ['u']), { op: 'Squeeze', inputs: ['u', 'b'], outputs: ['y'] }],
    weights: [int64s('a', [0, -1]), int64s('b', [-1])],
  },
  {
    title: 'Squeeze in opset 11',
    nodes: [
      ...one('GlobalAveragePool', [], {}, ['g']),
      { op: 'Squeeze', inputs: ['g'], outputs: ['y'], attributes: { axes: [2, 3] } },
    ],
    opset: 11,
  },
  {
    title: 'Slice with steps and negative indices',
    nodes: one('Slice', ['starts', 'ends', 'axes', 'steps']),
    weights: [int64s('starts', [1, -1]), int64s('ends', [9, -100]), int64s('axes', [2, 3]), int64s('steps', [3, -2])],
  },
  {
    title: 'Slice to the very end',
    nodes: one('Slice', ['starts', 'ends', 'axes']),
    weights: [int64s('starts', [2]), int64s('ends', [2 ** 40]), int64s('axes', [1])],
  },
  { title: 'Gather of one channel', nodes: one('Gather', ['i'], { axis: 1 }), weights: [int64s('i', [2], [])] },
  { title: 'Gather of several', nodes: one('Gather', ['i'], { axis: 2 }), weights: [int64s('i', [2, 5, 1])] },
  { title: 'Pad', nodes: one('Pad', ['pads']), weights: [int64s('pads', [0, 1, 2, 3, 0, 1, 0, 2])] },
  { title: 'ReduceMean with axes', nodes: one('ReduceMean', [], { axes: [2, 3], keepdims: 0 }) },
  {
    title: 'ReduceMean in opset 18',
    nodes: one('ReduceMean', ['axes'], { keepdims: 1 }),
    weights: [int64s('axes', [-1])],
    opset: 18,
  },
  { title: 'ReduceSum over everything', nodes: one('ReduceSum', [], { keepdims: 0 }) },
  { title: 'ArgMax', nodes: one('ArgMax', [], { axis: 1 }) },
  { title: 'ArgMax without its axis', nodes: one('ArgMax', [], { axis: -1, keepdims: 0 }) },
  { title: 'TopK', nodes: one('TopK', ['k'], { axis: 1 }, ['y', 'z']), weights: [int64s('k', [2])] },
  { title: 'Softmax', nodes: one('Softmax', [], { axis: 1 }) },
  { title: 'Clip', nodes: one('Clip', ['low', 'high']), weights: [floats('low', [], [0]), floats('high', [], [6])] },
  { title: 'HardSwish', nodes: one('HardSwish') },
  { title: 'Cast', nodes: one('Cast', [], { to: 6 }) },
  { title: 'Dropout', nodes: one('Dropout') },
  { title: 'Expand', nodes: one('Expand', ['shape']), weights: [int64s('shape', [3, 1, 4, 1, 12])] },
  { title: 'Tile', nodes: one('Tile', ['times']), weights: [int64s('times', [1, 2, 1, 3])] },
  {
    title: 'ConstantOfShape of a shape',
    nodes: [...one('Shape', [], { start: 1 }, ['s']), { op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'] }],
  },
  {
    title: 'Range',
    nodes: [
      { op: 'Range', inputs: ['a', 'b', 'c'], outputs: ['r'] },
      { op: 'Gather', inputs: ['x', 'r'], outputs: ['y'], attributes: { axis: 2 } },
    ],
    weights: [int64s('a', [1], []), int64s('b', [8], []), int64s('c', [3], [])],
  },
  {
    title: 'Resize by factors',
    nodes: one('Resize', ['', 'scales'], { mode: 'nearest' }),
    weights: [floats('scales', [4], [1, 1, 2, 1.5])],
  },
  {
    title: 'Resize to sizes',
    nodes: one('Resize', ['', '', 'sizes'], { mode: 'linear' }),
    weights: [int64s('sizes', [2, 4, 7, 5])],
  },
  {
    title: 'Upsample',
    nodes: one('Upsample', ['scales'], { mode: 'nearest' }),
    weights: [floats('scales', [4], [1, 1, 2, 3])],
    opset: 9,
  },
  { title: 'DepthToSpace', nodes: one('DepthToSpace', [], { blocksize: 2 }) },
  { title: 'SpaceToDepth', nodes: one('SpaceToDepth', [], { blocksize: 2 }) },
  {
    title: 'Constant',
    nodes: [
      { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: floats('', [12, 3]) } },
      ...one('MatMul', ['c']),
    ],
  },
  {
    title: 'DynamicQuantizeLinear, DequantizeLinear',
    nodes: [
      ...one('DynamicQuantizeLinear', [], {}, ['q', 's', 'z']),
      { op: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['y'] },
    ],
  },
  { title: 'QuantizeLinear', nodes: one('QuantizeLinear', ['scale']), weights: [floats('scale', [], [0.1])] },
]

describe('inferShapes gives the type that ONNX Runtime finds when it runs the network', () => {
  test.each(cases)('$title', async ({ nodes, weights = [], opset }) => {
    const outputs = nodes.flatMap((node) => node.outputs)
    const bytes = buildModel({
      inputs: { x: { shape: ['N', 4, 10, 12] } },
      outputs: { [outputs.at(-1) ?? 'y']: {} },
      nodes,
      weights,
      ...(opset === undefined ? {} : { opset }),
    })
    await expectSameTypes(bytes, { x: new ort.Tensor('float32', new Float32Array(2 * 480).fill(0.5), [2, 4, 10, 12]) })
  })

  test.each(networks)('every value of $name', async ({ bytes }) => {
    await expectSameTypes(bytes, {
      input: new ort.Tensor('float32', new Float32Array(3 * 224 * 224), [1, 3, 224, 224]),
    })
  })
})

/** Runs a network with all its values as outputs; the batch is 2 for the small ones and 1 for the others. */
async function expectSameTypes(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<void> {
  const read = readModel(bytes)
  if (!read.ok) throw read.error
  const batch = Object.values(feeds)[0]?.dims[0] ?? 1
  const session = await ort.InferenceSession.create(withAllValuesAsOutputs(bytes), {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
  })
  const results = await session.run(feeds)
  const found = Object.fromEntries(Object.entries(results).map(([name, { type, dims }]) => [name, `${type} ${dims}`]))
  expect(inferredTypes(read.value, batch)).toEqual(found)
}

function inferredTypes(model: OnnxModel, batch: number): Record<string, string> {
  const specs = inferShapes(model)
  return Object.fromEntries(
    model.nodes.flatMap(({ outputs }) => outputs).map((name) => [name, describeSpec(specs.get(name), batch)]),
  )
}

function describeSpec(spec: TensorSpec | undefined, batch: number): string {
  if (spec === undefined) return 'unknown'
  return `${spec.dtype} ${spec.shape.map((size) => (size === 'N' ? batch : (size ?? '?')))}`
}
