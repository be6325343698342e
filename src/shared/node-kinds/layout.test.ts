import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import type { TensorLayout, TensorSpec } from '../tensor/tensorSpec.ts'
import { layout } from './layout.ts'
import { createFakeContext } from './testing/fakeContext.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'

async function moved(
  shape: readonly number[],
  data: readonly number[],
  from: TensorLayout | undefined,
  to: TensorLayout,
) {
  const tensor = createTensor('int32', shape, Int32Array.from(data))
  const spec: TensorSpec = { dtype: 'int32', shape, ...(from && { layout: from }) }
  const [outputs] = await runKind(
    layout,
    { to },
    [{ inputs: { tensor } }],
    createFakeContext({ inputSpecs: { tensor: spec } }),
  )
  const result = outputs?.tensor
  expect(layout.inferOutputs({ to }, { tensor: spec }, fakeResources)).toMatchObject({
    ok: true,
    value: { tensor: { shape: result?.shape, layout: to } },
  })
  return { shape: result?.shape ?? [], data: Array.from(result?.data ?? [], Number) }
}

test('a picture becomes a batch of one with channels first', async () => {
  // Two pixels of three channels: r g b, R G B.
  expect(await moved([1, 2, 3], [1, 2, 3, 11, 12, 13], 'HWC', 'NCHW')).toEqual({
    shape: [1, 3, 1, 2],
    data: [1, 11, 2, 12, 3, 13],
  })
})

test('channels last and first are inverses, for each picture of a batch', async () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    ...Array.from({ length: 3 }, () => fc.integer({ min: 1, max: 4 })),
  )
  await fc.assert(
    fc.asyncProperty(sizes, async (shape) => {
      const [n = 1, c = 1, h = 1, w = 1] = shape
      const data = Array.from({ length: n * c * h * w }, (_, index) => index)
      const last = await moved(shape, data, 'NCHW', 'NHWC')
      expect(last.shape).toEqual([n, h, w, c])
      // Element [b][y][x][k] of the result is [b][k][y][x] of the start.
      const at = (b: number, y: number, x: number, k: number) => last.data[((b * h + y) * w + x) * c + k]
      expect(at(n - 1, h - 1, 0, c - 1)).toBe((((n - 1) * c + c - 1) * h + h - 1) * w)
      expect(await moved(last.shape, last.data, 'NHWC', 'NCHW')).toEqual({ shape, data })
    }),
    { numRuns: 50 },
  )
})

test('rank 4 without a layout is taken as channels first', async () => {
  expect(await moved([1, 2, 1, 2], [1, 2, 3, 4], undefined, 'HWC')).toEqual({ shape: [1, 2, 2], data: [1, 3, 2, 4] })
})

test('refuses what has no such axes, and a batch as one picture', () => {
  const problem = (shape: TensorSpec['shape']) =>
    layout.inferOutputs({ to: 'HWC' }, { tensor: { dtype: 'uint8', shape } }, fakeResources)
  expect(problem([5])).toMatchObject({ ok: false, error: { port: 'tensor' } })
  expect(problem([2, 3, 4, 4])).toMatchObject({ ok: false, error: { error: { code: 'graph.type-mismatch' } } })
  expect(problem(['N', 3, 4, 4])).toMatchObject({ ok: true })
})
