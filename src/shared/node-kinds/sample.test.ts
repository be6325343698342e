import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import { sample } from './sample.ts'
import { runKind } from './testing/runKind.ts'

const tensor = createTensor('uint8', [1], Uint8Array.of(1))

/** Which of the frames, given by number and time of capture, are kept. */
async function kept(params: object, frames: readonly (readonly [seq: number, ms: number])[]) {
  const given = frames.map(([seq, ms]) => ({ inputs: { in: tensor }, seq, capturedAtNs: ms * 1e6 }))
  const outputs = await runKind(sample, { ...params }, given)
  return frames.flatMap(([seq], index) => (outputs[index] === undefined ? [] : [seq]))
}

const everyTenMs = Array.from({ length: 10 }, (_, index) => [index, index * 10] as const)

test('keeps frames whose number is a multiple of N, also when numbers are missing', async () => {
  expect(await kept({}, everyTenMs)).toHaveLength(10)
  expect(await kept({ every: 3 }, everyTenMs)).toEqual([0, 3, 6, 9])
  expect(
    await kept(
      { every: 3 },
      everyTenMs.filter(([seq]) => seq !== 3),
    ),
  ).toEqual([0, 6, 9])
})

test('keeps at most so many frames a second, on average exactly so many', async () => {
  expect(await kept({ fps: 50 }, everyTenMs)).toEqual([0, 2, 4, 6, 8])
  expect(await kept({ fps: 40 }, everyTenMs)).toEqual([0, 3, 5, 8])
})

test('after a pause the rate begins anew: no frames are made up for', async () => {
  const frames = [
    [0, 0],
    [1, 1000],
    [2, 1001],
    [3, 1019],
    [4, 1020],
  ] as const
  expect(await kept({ fps: 50 }, frames)).toEqual([0, 1, 4])
})
