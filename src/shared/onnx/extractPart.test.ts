import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { extractPart } from './extractPart.ts'
import { inferShapes } from './inferShapes.ts'
import { legalCuts } from './legalCuts.ts'
import type { OnnxModel } from './onnxModel.ts'
import { readModel } from './readModel.ts'
import type { PartRange } from './selectPart.ts'
import { describePart, summariseModel } from './summariseModel.ts'
import { buildModel, floats } from './testing/buildModel.ts'
import { inception } from './testing/inception.ts'

const network = unwrap(readModel(inception()))

function extract(range: PartRange): OnnxModel {
  return unwrap(readModel(unwrap(extractPart(network, range))))
}

function faultOf(range: PartRange): string {
  const part = extractPart(network, range)
  return part.ok ? 'fine' : `${part.error.code}: ${part.error.message}`
}

describe('extractPart', () => {
  test('gives each half the weights that it needs and no others, shared ones to both', () => {
    const head = extract({ outputs: ['first'] })
    const tail = extract({ inputs: ['first'] })
    const clip = ['low', 'high']
    const isOfHead = (name: string) => /^(stem|first)/.test(name)
    const all = [...network.weights.keys()].filter((name) => !clip.includes(name))
    expect([...head.weights.keys()].sort()).toEqual([...all.filter(isOfHead), ...clip].sort())
    expect([...tail.weights.keys()].sort()).toEqual([...all.filter((name) => !isOfHead(name)), ...clip].sort())
  })

  test('takes weights in the bytes in which they are stored, with the nodes that unpack them, into both halves', () => {
    for (const part of [
      extract({ outputs: ['residual/b', 'second'] }),
      extract({ inputs: ['residual/b', 'second'] }),
    ]) {
      expect(part.weights.get('packed')?.bytes).toBe(24 * 24)
      expect(part.nodes.filter(({ proto }) => proto.opType === 'Cast' || proto.opType === 'Mul')).toHaveLength(2)
    }
  })

  test('carries as many weight bytes as the list of cuts says, at every cut', () => {
    for (const cut of legalCuts(network).cuts) {
      const tensors = cut.tensors.map(({ name }) => name)
      const bytesOf = ({ weights }: OnnxModel) => [...weights.values()].reduce((sum, { bytes }) => sum + bytes, 0)
      const measured = [bytesOf(extract({ outputs: tensors })), bytesOf(extract({ inputs: tensors }))]
      expect([cut.id, ...measured]).toEqual([cut.id, cut.headWeightBytes, cut.tailWeightBytes])
    }
  })

  test('declares the ports with the types that were inferred', () => {
    const tail = extract({ inputs: ['first'] })
    expect(tail.inputs).toEqual(['first'])
    expect(inferShapes(tail).get('first')).toEqual({ dtype: 'float32', shape: ['N', 14, 8, 8], layout: 'NCHW' })
    expect(tail.declared.get('scores')).toEqual({ dtype: 'float32', shape: ['N', 5] })
  })

  test('gives equal bytes for equal arguments, and those that a plain encoder reads back', () => {
    const part = unwrap(extractPart(network, { outputs: ['second'] }))
    expect(unwrap(extractPart(unwrap(readModel(inception())), { outputs: ['second'] }))).toEqual(part)
    const decoded = fromBinary(ModelProtoSchema, part)
    expect(fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, decoded))).toEqual(decoded)
  })

  test('cuts out a middle between two cuts', () => {
    const middle = extract({ inputs: ['first'], outputs: ['second/1x1', 'second/pool'] })
    expect(middle.nodes.map(({ outputs }) => outputs[0])).toEqual(['second/1x1.conv', 'second/1x1', 'second/pool'])
  })

  test('makes a part of a part, which is the part of the whole', () => {
    const direct = unwrap(extractPart(network, { inputs: ['first'], outputs: ['second'] }))
    expect(unwrap(extractPart(extract({ inputs: ['first'] }), { outputs: ['second'] }))).toEqual(direct)
  })

  test('leaves out inputs that the part does not need', () => {
    const twoInputs = unwrap(
      readModel(
        buildModel({
          inputs: { a: { shape: [1] }, b: { shape: [1] } },
          outputs: { y: { shape: [1] } },
          nodes: [
            { op: 'Relu', inputs: ['a'], outputs: ['a1'] },
            { op: 'Add', inputs: ['a1', 'b'], outputs: ['y'] },
          ],
        }),
      ),
    )
    expect(Object.keys(unwrap(describePart(twoInputs, { outputs: ['a1'] })).inputs)).toEqual(['a'])
    expect(Object.keys(unwrap(describePart(twoInputs, { inputs: ['a1', 'b'] })).inputs)).toEqual(['a1', 'b'])
  })

  test('refuses a tensor that is not there, with the closest that is', () => {
    expect(faultOf({ outputs: ['secnd'] })).toMatch(/^model.tensor-missing: .*closest name is second/)
    expect(faultOf({ outputs: ['first/1x1.w'] })).toMatch(/^model.cut-illegal: .*made of weights alone/)
    expect(faultOf({ inputs: ['shared.w'] })).toMatch(/^model.cut-illegal: .*made of weights alone/)
  })

  test('refuses a cut that a path leads round, and shows the path', () => {
    expect(faultOf({ inputs: ['residual/b'] })).toMatch(
      /^model.cut-illegal: .*scores also needs second, by second -> residual -> pooled -> flat -> scores\./,
    )
    expect(faultOf({ inputs: ['second/1x1', 'second/3x3', 'second/5x5'] })).toMatch(
      /also needs first, by first -> second\/pool -> second/,
    )
  })

  test('refuses an input that is of no use, names given twice, and a part with nothing in it', () => {
    expect(faultOf({ inputs: ['first', 'second'] })).toMatch(
      /^model.cut-illegal: .*first is not needed for scores once second is given/,
    )
    expect(faultOf({ inputs: ['second', 'second'] })).toMatch(/^model.cut-illegal: .*second is named twice/)
    expect(faultOf({ inputs: ['second'], outputs: ['second'] })).toMatch(/^model.cut-illegal: .*nothing to compute/)
    expect(faultOf({ outputs: ['input'] })).toMatch(/^model.cut-illegal: .*nothing to compute/)
  })

  test('makes a file of the present format from one that still listed its weights as inputs', () => {
    const old = unwrap(
      readModel(
        buildModel({
          inputs: { x: { shape: [4] }, w: { shape: [4] } },
          outputs: { z: { shape: [4] } },
          nodes: [
            { op: 'Add', inputs: ['x', 'w'], outputs: ['y'] },
            { op: 'Relu', inputs: ['y'], outputs: ['z'] },
          ],
          weights: [floats('w', [4])],
          irVersion: 3n,
          opset: 7,
        }),
      ),
    )
    const head = fromBinary(ModelProtoSchema, unwrap(extractPart(old, { outputs: ['y'] })))
    expect([head.irVersion, head.graph?.input.map(({ name }) => name)]).toEqual([4n, ['x']])
  })
})

describe('summariseModel', () => {
  const summary = summariseModel('net', 'ab', network, { preset: 'imagenet-tf' })

  test('has the ports of the whole and what the card says', () => {
    expect(summary).toMatchObject({
      name: 'net',
      hash: 'ab',
      preset: 'imagenet-tf',
      inputs: { input: { dtype: 'float32', shape: ['N', 3, 16, 16], layout: 'NCHW' } },
      outputs: { scores: { dtype: 'float32', shape: ['N', 5] } },
    })
    expect('labels' in summary).toBe(false)
  })

  test('has for each part the ports that the extracted part has', () => {
    for (const { tensors } of legalCuts(network).cuts) {
      const names = tensors.map(({ name }) => name)
      for (const range of [{ inputs: names }, { outputs: names }]) {
        const { inputs, outputs } = unwrap(summary.part(range))
        const part = extract(range)
        expect([Object.keys(inputs), Object.keys(outputs)]).toEqual([part.inputs, part.outputs])
      }
    }
  })
})
