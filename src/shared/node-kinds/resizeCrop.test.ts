import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import { coveringSize, cropCentre, resizeCrop } from './resizeCrop.ts'
import { runKind } from './testing/runKind.ts'

/** A picture whose red and green are column and row. */
function grid(width: number, height: number) {
  const pixels = Array.from({ length: width * height }, (_, i) => [i % width, Math.floor(i / width), 0]).flat()
  return createTensor('uint8', [height, width, 3], Uint8Array.from(pixels))
}

test('the shorter side is scaled to fit, the longer one keeps the proportions', () => {
  expect(coveringSize(500, 375, 224, 224)).toEqual({ width: 299, height: 224 })
  expect(coveringSize(375, 500, 224, 224)).toEqual({ width: 224, height: 299 })
  expect(coveringSize(100, 100, 200, 50)).toEqual({ width: 200, height: 200 })
})

test('the crop is the middle; of an odd rest the extra pixel goes right and below', () => {
  const { data, shape } = cropCentre(grid(5, 4), 2, 3)
  expect(shape).toEqual([3, 2, 3])
  expect(Array.from(data.slice(0, 6))).toEqual([1, 0, 0, 2, 0, 0])
  expect(Array.from(data.slice(-3))).toEqual([2, 2, 0])
})

test('a wide picture loses its sides in centre-crop and nothing in stretch', async () => {
  const inputs = { image: grid(8, 4) }
  const columns = async (mode: string) => {
    const [outputs] = await runKind(resizeCrop, { width: 4, height: 4, mode }, [{ inputs }])
    return Array.from({ length: 4 }, (_, column) => outputs?.image?.data[column * 3])
  }
  expect(await columns('centre-crop')).toEqual([2, 3, 4, 5])
  expect(await columns('stretch')).toEqual([0, 2, 4, 6])
})

test('a picture of the right size passes untouched; what is no picture is refused', async () => {
  const image = grid(4, 4)
  const [outputs] = await runKind(resizeCrop, { width: 4, height: 4 }, [{ inputs: { image } }])
  expect(outputs?.image).toBe(image)
  const grey = createTensor('uint8', [2, 2, 1], new Uint8Array(4))
  await expect(runKind(resizeCrop, {}, [{ inputs: { image: grey } }])).rejects.toMatchObject({
    code: 'tensor.shape-mismatch',
  })
})
