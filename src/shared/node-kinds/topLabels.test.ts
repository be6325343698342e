import { expect, test } from 'vitest'
import { bytesTensor, createTensor } from '../tensor/tensor.ts'
import { blobRef, createFakeContext } from './testing/fakeContext.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'
import { bestIndices, parseTopLabels, topLabels } from './topLabels.ts'

const names = ['cat', 'dog, or "hound"', 'bird']
const blob = new TextEncoder().encode(JSON.stringify({ names }))
const context = createFakeContext({ blobs: { l: blob }, assets: { labels: [blobRef('l')] } })

async function labelsFor(params: object, ...values: readonly number[]) {
  const scores = createTensor('float32', [1, values.length], Float32Array.from(values))
  const [outputs] = await runKind(topLabels, { ...params }, [{ inputs: { scores } }], context)
  return outputs?.labels ?? bytesTensor(new Uint8Array())
}

test('names the best classes with their probabilities, best first', async () => {
  const tensor = await labelsFor({ k: 2 }, 0, Math.log(2), 0)
  expect(tensor).toEqual(
    createTensor(
      'string',
      [2],
      ['{"index":1,"label":"dog, or \\"hound\\"","score":0.5}', '{"index":0,"label":"cat","score":0.25}'],
    ),
  )
  expect(parseTopLabels(tensor)[0]).toEqual({ index: 1, label: 'dog, or "hound"', score: 0.5, background: false })
})

test('one class more than names is a network with background first', async () => {
  const labels = parseTopLabels(await labelsFor({ k: 2, scores: 'as-is' }, 0.25, 0.75, 0, 0))
  expect(labels).toEqual([
    { index: 1, label: 'cat', score: 0.75, background: true },
    { index: 0, label: 'background', score: 0.25, background: true },
  ])
})

test('of equal scores the lower index comes first; NaN comes last; k may exceed the classes', () => {
  expect(bestIndices([1, 3, 3, 1, 3], 4)).toEqual([1, 2, 4, 0])
  expect(bestIndices([Number.NaN, -1, 0], 5)).toEqual([2, 1, 0])
})

test('bestIndices is the head of a stable sort', () => {
  const values = Array.from({ length: 200 }, (_, index) => (index * 7919) % 41)
  const sorted = values.map((_, index) => index).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
  expect(bestIndices(values, 20)).toEqual(sorted.slice(0, 20))
})

test('refuses scores that the label set does not fit, when typed and when run', async () => {
  const infer = (classes: number) =>
    topLabels.inferOutputs(
      { k: 3, labels: 'imagenet', scores: 'softmax' },
      { scores: { dtype: 'float32', shape: ['N', classes] } },
      fakeResources,
    )
  expect([infer(1000).ok, infer(1001).ok, infer(999).ok]).toEqual([true, true, false])
  expect(infer(1001)).toMatchObject({
    value: { labels: { dtype: 'string', shape: [3], encoding: { codec: 'top-labels' } } },
  })
  await expect(labelsFor({}, 1, 2)).rejects.toMatchObject({ code: 'tensor.shape-mismatch' })
})

test('labels that did not reach the device are refused while it prepares', async () => {
  await expect(runKind(topLabels, {}, [])).rejects.toMatchObject({ code: 'model.labels-missing' })
})

test('other tensors are not taken for labels', () => {
  const code = expect.objectContaining({ code: 'codec.payload-invalid' })
  expect(() => parseTopLabels(createTensor('string', [1], ['hello']))).toThrow(code)
  expect(() => parseTopLabels(createTensor('string', [1], ['{"index":-1}']))).toThrow(code)
  expect(() => parseTopLabels(bytesTensor(new Uint8Array(1)))).toThrow(code)
})
