import { expect, test } from 'vitest'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { accuracy } from './accuracy.ts'
import { agreement } from './agreement.ts'
import { argmax } from './argmax.ts'
import type { NodeOutputs } from './nodeKind.ts'
import { softmax, softmaxOf } from './softmax.ts'
import { runKind } from './testing/runKind.ts'

const scores = (shape: readonly number[], ...values: readonly number[]) =>
  createTensor('float32', shape, Float32Array.from(values))
const index = (value: number) => createTensor('int64', [1], BigInt64Array.of(BigInt(value)))

test('softmax gives shares of 1 in each row, also for scores whose exponentials overflow', async () => {
  const [outputs] = await runKind(softmax, {}, [{ inputs: { scores: scores([2, 2], 0, Math.log(3), 1000, 1000) } }])
  const shares = Array.from(outputs?.probabilities?.data ?? [], Number)
  for (const [place, share] of [0.25, 0.75, 0.5, 0.5].entries()) expect(shares[place]).toBeCloseTo(share, 6)
  expect(outputs?.probabilities?.shape).toEqual([2, 2])
  expect(Array.from(softmaxOf([Number.POSITIVE_INFINITY, 0]))).toEqual([1, 0])
})

test('argmax gives the first of the greatest, row by row', async () => {
  const [outputs] = await runKind(argmax, {}, [{ inputs: { scores: scores([2, 3], 1, 5, 5, Number.NaN, -2, -1) } }])
  expect(outputs).toEqual({ index: createTensor('int32', [2], Int32Array.of(1, 2)) })
})

/** [share, match] of each frame. */
function shares(outputs: readonly (NodeOutputs | undefined)[]) {
  return outputs.map((each) => [each?.share?.data[0], each?.match?.data[0]])
}

test('agreement compares top classes, of scores or as indices, and counts over the run', async () => {
  const pairs: readonly (readonly [Tensor, Tensor])[] = [
    [scores([1, 3], 0, 9, 1), index(1)],
    [index(2), scores([3], 5, 1, 1)],
    [index(0), index(0)],
    [scores([2], 1, 0), scores([2], 3, 2)],
  ]
  const frames = pairs.map(([reference, candidate]) => ({ inputs: { reference, candidate } }))
  expect(shares(await runKind(agreement, {}, frames))).toEqual([
    [1, 1],
    [0.5, 0],
    [Math.fround(2 / 3), 1],
    [0.75, 1],
  ])
})

test('accuracy adds the offset to the truth: networks with a background class count from 1', async () => {
  const frames = [1, 2].map((truth) => ({ inputs: { prediction: scores([1, 4], 0, 0, 8, 0), truth: index(truth) } }))
  expect(shares(await runKind(accuracy, { offset: 1 }, frames))).toEqual([
    [1, 1],
    [0.5, 0],
  ])
})

test('scores of several pictures in one tensor are refused', async () => {
  const inputs = { reference: scores([2, 2], 1, 2, 3, 4), candidate: index(0) }
  await expect(runKind(agreement, {}, [{ inputs }])).rejects.toMatchObject({ code: 'tensor.shape-mismatch' })
})
