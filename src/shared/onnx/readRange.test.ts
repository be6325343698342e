import { expect, it } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { readModel } from './readModel.ts'
import { readRange } from './readRange.ts'
import { buildModel, floats, type NodeDescription } from './testing/buildModel.ts'

const image = { shape: ['N', 4] }
const linear: NodeDescription = { op: 'Neg', inputs: ['input'], outputs: ['linear'] }

function rangeOf(readers: readonly NodeDescription[], options: { opset?: number; output?: string } = {}) {
  const model = unwrap(
    readModel(
      buildModel({
        inputs: { input: image },
        outputs: { [options.output ?? 'output']: image },
        nodes: [linear, ...readers],
        weights: [floats('zero', [], [0]), floats('six', [], [6])],
        ...(options.opset && { opset: options.opset }),
      }),
    ),
  )
  return readRange(model, 'linear')
}

it('is what Relu lets through', () => {
  expect(rangeOf([{ op: 'Relu', inputs: ['linear'], outputs: ['output'] }])).toEqual({ min: 0, max: Infinity })
})

it('is what Clip lets through, whether its bounds are weights, attributes or left out', () => {
  const both = { op: 'Clip', inputs: ['linear', 'zero', 'six'], outputs: ['output'] }
  expect(rangeOf([both])).toEqual({ min: 0, max: 6 })
  expect(rangeOf([{ ...both, inputs: ['linear', '', 'six'] }])).toEqual({ min: -Infinity, max: 6 })
  const old = { op: 'Clip', inputs: ['linear'], outputs: ['output'], attributes: { min: -0.5, max: 6.5 } }
  expect(rangeOf([old], { opset: 6 })).toEqual({ min: -0.5, max: 6.5 })
})

it('is everything for an output, for a bound that is computed, and where any reader wants everything', () => {
  const everything = { min: -Infinity, max: Infinity }
  const relu = { op: 'Relu', inputs: ['linear'], outputs: ['rectified'] }
  const add = { op: 'Add', inputs: ['linear', 'rectified'], outputs: ['output'] }
  expect(rangeOf([relu, add])).toEqual(everything)
  expect(rangeOf([relu], { output: 'linear' })).toEqual(everything)
  expect(
    rangeOf([
      { op: 'ReduceMax', inputs: ['input'], outputs: ['top'], attributes: { keepdims: 0 } },
      { op: 'Clip', inputs: ['linear', 'zero', 'top'], outputs: ['output'] },
    ]),
  ).toEqual({ min: 0, max: Infinity })
})
