import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import { normalize } from './normalize.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'

const [red, green, blue] = [255, 0, 100]
/** Two pixels, so that a channel is a plane and not just a value. */
const image = createTensor('uint8', [1, 2, 3], Uint8Array.of(red, green, blue, 51, 102, 204))

async function normalized(params: object) {
  const [outputs] = await runKind(normalize, { ...params }, [{ inputs: { image } }])
  expect(outputs?.tensor).toMatchObject({ dtype: 'float32', shape: [1, 3, 1, 2] })
  return Array.from(outputs?.tensor?.data ?? [], Number)
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, 4)
}

test('imagenet-tf is RGB, x / 127.5 - 1', async () => {
  expectClose(await normalized({ preset: 'imagenet-tf' }), [1, -0.6, -1, -0.2, 100 / 127.5 - 1, 0.6])
})

test('imagenet-torch is RGB, (x / 255 - mean) / std', async () => {
  expectClose(await normalized({ preset: 'imagenet-torch' }), [
    (1 - 0.485) / 0.229,
    (0.2 - 0.485) / 0.229,
    -0.456 / 0.224,
    (0.4 - 0.456) / 0.224,
    (100 / 255 - 0.406) / 0.225,
    (0.8 - 0.406) / 0.225,
  ])
})

test('imagenet-caffe is BGR minus the mean', async () => {
  expectClose(await normalized({ preset: 'imagenet-caffe' }), [
    100 - 103.939,
    204 - 103.939,
    -116.779,
    102 - 116.779,
    255 - 123.68,
    51 - 123.68,
  ])
})

test('custom uses its own order, divisor, mean and std', async () => {
  const params = { preset: 'custom', order: 'bgr', divisor: 1, mean: [0, 1, 2], std: [1, 2, 4] }
  expectClose(await normalized(params), [100, 204, -0.5, 50.5, 253 / 4, 49 / 4])
})

test('the size of the picture goes on in the type', () => {
  const picture = { dtype: 'uint8', shape: [224, null, 3], layout: 'HWC' } as const
  expect(normalize.inferOutputs({ preset: 'imagenet-tf' }, { image: picture }, fakeResources)).toEqual({
    ok: true,
    value: { tensor: { dtype: 'float32', shape: [1, 3, 224, null], layout: 'NCHW' } },
  })
})

test('a custom std of 0 is refused', () => {
  expect(normalize.parseParams({ preset: 'custom', std: [1, 0, 1] })).toMatchObject({
    ok: false,
    error: { code: 'graph.params-invalid', details: { path: 'std.1' } },
  })
})
