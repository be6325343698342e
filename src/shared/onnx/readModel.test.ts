import { readFileSync } from 'node:fs'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as Element,
  FunctionProtoSchema,
  GraphProtoSchema,
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import { describe, expect, test } from 'vitest'
import { readModel } from './readModel.ts'
import { buildModel, floats, type ModelDescription, raw } from './testing/buildModel.ts'

const shipped = new Uint8Array(readFileSync(new URL('../../../models/mobilenet_v2.onnx', import.meta.url)))

const simple: ModelDescription = {
  inputs: { x: { shape: ['N', 4] } },
  outputs: { y: { shape: ['N', 4] } },
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
  weights: [floats('w', [4])],
}

function codeOf(bytes: Uint8Array): string {
  const read = readModel(bytes)
  return read.ok ? 'fine' : read.error.code
}

function messageOf(bytes: Uint8Array): string {
  const read = readModel(bytes)
  return read.ok ? 'fine' : read.error.message
}

describe('readModel', () => {
  test('reads inputs, outputs, weights and opset of the shipped network without copying the weights', () => {
    const read = readModel(shipped)
    if (!read.ok) throw read.error
    const { inputs, outputs, opset, nodes, weights } = read.value
    expect({ inputs, outputs, opset, nodes: nodes.length, weights: weights.size }).toEqual({
      inputs: ['input'],
      outputs: ['logits'],
      opset: 13,
      nodes: 207,
      weights: 161,
    })
    const weight = weights.get('stem.w_q')
    expect(weight?.kind === 'dense' && weight.tensor.rawData.buffer).toBe(shipped.buffer)
  })

  test('does not count weights that are listed as inputs, as old files do, among the inputs', () => {
    const read = readModel(buildModel({ ...simple, inputs: { ...simple.inputs, w: { shape: [4] } } }))
    expect(read.ok && read.value.inputs).toEqual(['x'])
  })

  test('says what the file is instead of a network', () => {
    expect(messageOf(new Uint8Array(0))).toMatch(/empty/)
    expect(messageOf(new TextEncoder().encode('<!doctype html><title>404</title>'))).toMatch(/web page/)
    expect(messageOf(new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0'))).toMatch(
      /Git LFS/,
    )
    for (const start of [
      [0x89, 0x50, 0x4e, 0x47],
      [0xff, 0xd8, 0xff, 0xe0],
      [0x50, 0x4b, 3, 4],
      [0, 0, 0, 0],
    ]) {
      expect(codeOf(new Uint8Array([...start, ...new Array<number>(64).fill(7)]))).toBe('model.not-onnx')
    }
  })

  test('refuses a model without a network', () => {
    expect(codeOf(toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })))).toBe('model.not-onnx')
  })

  test('tells a file that was cut short from one that is no model, wherever the cut is', () => {
    for (let share = 1; share < 20; share++) {
      expect(codeOf(shipped.subarray(0, Math.floor((shipped.length * share) / 20)))).toBe('model.truncated')
    }
    expect(codeOf(shipped.subarray(0, shipped.length - 1))).toBe('model.truncated')
  })

  test('refuses weights that are kept in other files', () => {
    const outside = floats('w', [4])
    outside.dataLocation = Location.EXTERNAL
    outside.externalData = [create(StringStringEntryProtoSchema, { key: 'location', value: 'weights.bin' })]
    const bytes = buildModel({ ...simple, weights: [outside] })
    expect(codeOf(bytes)).toBe('model.external-data')
    expect(messageOf(bytes)).toContain('weights.bin')
  })

  test('refuses operators of other domains and functions of the file, and takes the standard domain by both its names', () => {
    const inDomain = (domain: string) =>
      buildModel({ ...simple, nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], domain }] })
    expect(codeOf(inDomain('ai.onnx'))).toBe('fine')
    expect(codeOf(inDomain('com.microsoft'))).toBe('model.custom-domain')
    expect(messageOf(inDomain('com.microsoft'))).toContain('com.microsoft.Add')
    const withFunction = fromBinary(ModelProtoSchema, buildModel(simple))
    withFunction.functions = [create(FunctionProtoSchema, { name: 'Mine', domain: 'local' })]
    expect(messageOf(toBinary(ModelProtoSchema, withFunction))).toContain('local.Mine')
  })

  test('refuses element types that no wire carries, and names the tensor', () => {
    const weight = buildModel({ ...simple, weights: [raw('w', Element.BFLOAT16, [4], new Uint8Array(8))] })
    const input = buildModel({ ...simple, inputs: { x: { shape: [4], element: Element.COMPLEX64 } } })
    const cast = buildModel({
      ...simple,
      nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: Element.FLOAT8E5M2 } }],
    })
    expect([weight, input, cast].map(codeOf)).toEqual(new Array(3).fill('model.element-type-unsupported'))
    expect(messageOf(weight)).toMatch(/Tensor w .* BFLOAT16/)
  })

  test('refuses a network that contradicts itself', () => {
    const cycle = buildModel({
      ...simple,
      nodes: [
        { op: 'Add', inputs: ['x', 'b'], outputs: ['a'] },
        { op: 'Relu', inputs: ['a'], outputs: ['b'] },
        { op: 'Relu', inputs: ['b'], outputs: ['y'] },
      ],
    })
    const twice = buildModel({
      ...simple,
      nodes: [
        { op: 'Relu', inputs: ['x'], outputs: ['y'] },
        { op: 'Tanh', inputs: ['x'], outputs: ['y'] },
      ],
    })
    const nothing = buildModel({ ...simple, nodes: [{ op: 'Add', inputs: ['x', 'lost'], outputs: ['y'] }] })
    const noOutput = buildModel({ ...simple, outputs: { z: {} } })
    const sameWeight = buildModel({ ...simple, weights: [floats('w', [4]), floats('w', [4])] })
    expect([cycle, twice, nothing, noOutput, sameWeight].map(codeOf)).toEqual(new Array(5).fill('model.graph-invalid'))
    expect(messageOf(cycle)).toMatch(/cycle/)
    expect(messageOf(nothing)).toMatch(/lost/)
  })

  test('orders nodes by what they read where the file does not', () => {
    const read = readModel(
      buildModel({
        ...simple,
        nodes: [
          { op: 'Relu', inputs: ['b'], outputs: ['y'] },
          { op: 'Relu', inputs: ['a'], outputs: ['b'] },
          { op: 'Relu', inputs: ['x'], outputs: ['a'] },
          { op: 'Tanh', inputs: ['x'], outputs: ['unused'] },
        ],
      }),
    )
    expect(read.ok && read.value.nodes.map(({ outputs }) => outputs[0])).toEqual(['a', 'b', 'y', 'unused'])
  })

  test('counts what a subgraph takes from outside as read by its node', () => {
    const branch = create(GraphProtoSchema, {
      name: 'branch',
      node: [create(NodeProtoSchema, { opType: 'Add', input: ['x', 'own'], output: ['inner'] })],
      initializer: [floats('own', [4])],
      output: [create(ValueInfoProtoSchema, { name: 'inner' })],
    })
    const attribute = (name: string) => create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: branch })
    const proto = fromBinary(ModelProtoSchema, buildModel(simple))
    proto.graph?.input.push(create(ValueInfoProtoSchema, { name: 'condition' }))
    proto.graph?.node.splice(
      0,
      1,
      create(NodeProtoSchema, {
        opType: 'If',
        input: ['condition'],
        output: ['y'],
        attribute: [attribute('then_branch'), attribute('else_branch')],
      }),
    )
    const read = readModel(toBinary(ModelProtoSchema, proto))
    expect(read.ok && read.value.nodes[0]?.inputs).toEqual(['condition', 'x'])
  })

  test('answers damaged files with a code and never throws', () => {
    const small = buildModel(simple)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const damaged = small.slice()
          for (const [at, value] of changes) damaged[at] = value
          expect(codeOf(damaged)).toMatch(/^(fine|model\..*)$/)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
