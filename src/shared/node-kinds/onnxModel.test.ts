import { expect, test } from 'vitest'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { InferenceSession } from './nodeContext.ts'
import { onnxModel } from './onnxModel.ts'
import { blobRef, createFakeContext } from './testing/fakeContext.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'

const front = { model: 'mobilenet_v2', outputs: ['block10/add'], threads: 1 }
const features: TensorSpec = { dtype: 'float32', shape: ['N', 96, 14, 14], layout: 'NCHW' }
const inputSpec: TensorSpec = { dtype: 'float32', shape: ['N', 3, 224, 224], layout: 'NCHW' }

test('ports are called like the tensors at the cut, inputs expect their types', () => {
  expect(onnxModel.inputPorts(front, fakeResources)).toEqual({ input: { label: 'input', expects: inputSpec } })
  expect(onnxModel.outputPorts(front, fakeResources)).toEqual({ 'block10/add': { label: 'block10/add' } })
  const back = { model: 'mobilenet_v2', inputs: ['block10/add'], threads: 1 }
  expect(onnxModel.inputPorts(back, fakeResources)).toEqual({
    'block10/add': { label: 'block10/add', expects: features },
  })
})

test('a symbolic batch becomes the number that arrives', () => {
  const infer = (batch: number | string) =>
    onnxModel.inferOutputs(front, { input: { ...inputSpec, shape: [batch, 3, 224, 224] } }, fakeResources)
  expect(infer(1)).toEqual({ ok: true, value: { 'block10/add': { ...features, shape: [1, 96, 14, 14] } } })
  expect(infer('M')).toEqual({ ok: true, value: { 'block10/add': features } })
})

test('a missing model has no ports and no types; an illegal cut is refused with its code', () => {
  const missing = { model: 'none', threads: 1 }
  expect(onnxModel.inputPorts(missing, fakeResources)).toBeUndefined()
  expect(onnxModel.inferOutputs(missing, {}, fakeResources)).toEqual({ ok: true, value: {} })
  const illegal = { ...front, outputs: ['conv99'] }
  expect(onnxModel.outputPorts(illegal, fakeResources)).toBeUndefined()
  expect(onnxModel.inferOutputs(illegal, {}, fakeResources)).toMatchObject({
    ok: false,
    error: { error: { code: 'model.tensor-missing' } },
  })
})

test('asks for its part of the model, and runs it on its input', async () => {
  expect(onnxModel.assets(front, {}, fakeResources)).toEqual({
    model: { type: 'model', model: 'mobilenet_v2', outputs: ['block10/add'] },
  })
  const session: InferenceSession = {
    inputNames: ['input'],
    outputNames: ['block10/add'],
    run: async ({ input }) => ({ 'block10/add': input as Tensor }),
  }
  const context = createFakeContext({
    assets: { model: [blobRef('m')] },
    sessions: { m: session },
    inputSpecs: { input: inputSpec },
  })
  const image = createTensor('float32', [1, 3, 224, 224], new Float32Array(150_528))
  expect(await runKind(onnxModel, front, [{ inputs: { input: image } }], context)).toEqual([{ 'block10/add': image }])
  const small = createTensor('float32', [1, 3, 8, 8], new Float32Array(192))
  await expect(runKind(onnxModel, front, [{ inputs: { input: small } }], context)).rejects.toThrow(
    'Input input was announced as float32 [N,3,224,224] NCHW, found float32 [1,3,8,8].',
  )
  await expect(runKind(onnxModel, front, [{ inputs: {} }], context)).rejects.toMatchObject({ code: 'model.run-failed' })
})

test('a device that has no model refuses while it prepares', async () => {
  await expect(runKind(onnxModel, front, [])).rejects.toMatchObject({ code: 'device.blob-missing' })
  const context = createFakeContext({ assets: { model: [blobRef('m')] } })
  await expect(runKind(onnxModel, front, [], context)).rejects.toMatchObject({ code: 'model.load-failed' })
})
