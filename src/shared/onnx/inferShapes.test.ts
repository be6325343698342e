import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, ValueInfoProtoSchema } from 'onnx-buf'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { inferShapes } from './inferShapes.ts'
import { readModel } from './readModel.ts'
import { buildModel, floats, int64s, type ModelDescription, type NodeDescription } from './testing/buildModel.ts'

// That the shapes are those of the operators' definition is tested against ONNX Runtime, in test/onnx/inferShapes.test.ts.

function specsOf(nodes: readonly NodeDescription[], change: Partial<ModelDescription> = {}): Record<string, string> {
  const bytes = buildModel({ inputs: { x: { shape: ['N', 3, 8, 8] } }, outputs: { y: {} }, nodes, ...change })
  return formatAll(bytes)
}

function formatAll(bytes: Uint8Array): Record<string, string> {
  const model = unwrap(readModel(bytes))
  const specs = [...inferShapes(model)].filter(([name]) => !model.weights.has(name))
  return Object.fromEntries(specs.map(([name, spec]) => [name, formatSpec(spec)]))
}

const conv: NodeDescription = { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'] }
const weights = [floats('w', [4, 3, 3, 3])]

describe('inferShapes', () => {
  test('keeps the symbol of the batch and marks feature maps as NCHW', () => {
    const nodes: NodeDescription[] = [
      conv,
      { op: 'Relu', inputs: ['a'], outputs: ['b'] },
      { op: 'Flatten', inputs: ['b'], outputs: ['y'] },
    ]
    expect(specsOf(nodes, { weights })).toEqual({
      x: 'float32 [N,3,8,8] NCHW',
      a: 'float32 [N,4,6,6] NCHW',
      b: 'float32 [N,4,6,6] NCHW',
      y: 'float32 [N,144]',
    })
  })

  test('calls an unnamed batch N, and leaves other unnamed sizes unknown', () => {
    const inputs = { x: { shape: [null, 3, null, -1] } }
    expect(specsOf([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], { inputs })).toEqual({
      x: 'float32 [N,3,?,?]',
      y: 'float32 [N,3,?,?]',
    })
  })

  test('follows pictures in NHWC through the Transpose before a network', () => {
    const nodes: NodeDescription[] = [
      { op: 'Mul', inputs: ['x', 'scale'], outputs: ['scaled'] },
      { op: 'Transpose', inputs: ['scaled'], outputs: ['planes'], attributes: { perm: [0, 3, 1, 2] } },
      { op: 'Conv', inputs: ['planes', 'w'], outputs: ['a'] },
      { op: 'Transpose', inputs: ['a'], outputs: ['y'], attributes: { perm: [0, 2, 3, 1] } },
    ]
    const inputs = { x: { shape: [1, 8, 8, 3] } }
    expect(specsOf(nodes, { inputs, weights: [...weights, floats('scale', [1])] })).toEqual({
      x: 'float32 [1,8,8,3] NHWC',
      scaled: 'float32 [1,8,8,3] NHWC',
      planes: 'float32 [1,3,8,8] NCHW',
      a: 'float32 [1,4,6,6] NCHW',
      y: 'float32 [1,6,6,4] NHWC',
    })
  })

  test('knows nothing behind an operator without a rule, except what the file declares', () => {
    const nodes: NodeDescription[] = [
      { op: 'NotYetInvented', inputs: ['x'], outputs: ['a'] },
      { op: 'Relu', inputs: ['a'], outputs: ['y'] },
    ]
    expect(specsOf(nodes)).toEqual({ x: 'float32 [N,3,8,8]' })
    const proto = fromBinary(ModelProtoSchema, buildModel({ inputs: { x: { shape: [2] } }, outputs: { y: {} }, nodes }))
    const type = proto.graph?.input[0]?.type
    proto.graph?.valueInfo.push(create(ValueInfoProtoSchema, { name: 'a', ...(type && { type }) }))
    expect(formatAll(toBinary(ModelProtoSchema, proto))).toEqual({
      x: 'float32 [2]',
      a: 'float32 [2]',
      y: 'float32 [2]',
    })
  })

  test('lets a declaration win over a guess and fills in what it leaves open', () => {
    const outputs = { y: { shape: ['batch', null, 6, null] } }
    expect(specsOf([{ ...conv, outputs: ['y'] }], { weights, outputs })).toEqual({
      x: 'float32 [N,3,8,8] NCHW',
      y: 'float32 [batch,4,6,6] NCHW',
    })
  })

  test('does not take a name of Object for an operator', () => {
    expect(specsOf([{ op: 'toString', inputs: ['x'], outputs: ['y'] }])).toEqual({ x: 'float32 [N,3,8,8]' })
  })

  test('survives operators with the wrong number of inputs and impossible attributes', () => {
    const odd: NodeDescription[] = [
      { op: 'Conv', inputs: [], outputs: ['a'] },
      { op: 'Transpose', inputs: ['x'], outputs: ['b'], attributes: { perm: [9, 9] } },
      { op: 'Concat', inputs: [], outputs: ['c'], attributes: { axis: 7 } },
      { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['d'] },
      { op: 'Slice', inputs: ['x', 'shape', 'shape', 'shape', 'zero'], outputs: ['e'] },
      { op: 'TopK', inputs: ['x'], outputs: ['f'] },
      { op: 'MaxPool', inputs: ['x'], outputs: ['g'], attributes: { kernel_shape: [100, 100] } },
      { op: 'Split', inputs: ['x', 'shape'], outputs: ['h', 'i', 'j', 'k'], attributes: { axis: -9 } },
      { op: 'Range', inputs: ['zero', 'shape', 'zero'], outputs: ['l'] },
      { op: 'Relu', inputs: ['x'], outputs: ['y'] },
    ]
    expect(specsOf(odd, { weights: [int64s('shape', [-7, 0, 5]), int64s('zero', [0])] }).y).toBe(
      'float32 [N,3,8,8] NCHW',
    )
  })
})
