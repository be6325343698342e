import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import { batch } from './batch.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'

const frame = (shape: readonly number[], ...values: readonly number[]) => ({
  inputs: { in: createTensor('float32', shape, Float32Array.from(values)) },
})

test('batches of one are put together along the first axis, the last batch may be smaller', async () => {
  const frames = [1, 2, 3].map((value) => frame([1, 2], value, -value))
  expect(await runKind(batch, { size: 2 }, frames)).toEqual([
    { out: createTensor('float32', [2, 2], Float32Array.of(1, -1, 2, -2)) },
    { out: createTensor('float32', [1, 2], Float32Array.of(3, -3)) },
  ])
})

test('frames without a batch axis get one', async () => {
  const frames = [frame([2], 1, 2), frame([2], 3, 4)]
  expect(await runKind(batch, { size: 2 }, frames)).toEqual([
    { out: createTensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)) },
  ])
  expect(await runKind(batch, { size: 2 }, [])).toEqual([])
})

test('the size of a batch is a symbol, and pictures become a batch of pictures', () => {
  const infer = (shape: readonly number[]) =>
    batch.inferOutputs({ size: 4 }, { in: { dtype: 'uint8', shape, layout: 'HWC' } }, fakeResources)
  expect(infer([4, 5, 3])).toEqual({
    ok: true,
    value: { out: { dtype: 'uint8', shape: ['N', 4, 5, 3], layout: 'NHWC' } },
  })
})

test('frames of different shapes are refused', async () => {
  await expect(runKind(batch, { size: 2 }, [frame([1], 1), frame([2], 1, 2)])).rejects.toThrow(
    'Batch takes frames of one shape, found float32 [1] and float32 [2].',
  )
})
