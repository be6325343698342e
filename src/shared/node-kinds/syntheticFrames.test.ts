import { expect, test } from 'vitest'
import { drawFrame, syntheticFrames } from './syntheticFrames.ts'
import { runSource } from './testing/runKind.ts'

test('gives so many frames, named by pattern and number', async () => {
  const frames = await runSource(syntheticFrames, { width: 3, height: 2, count: 3, pattern: 'noise' })
  expect(frames.map(({ source }) => source)).toEqual(['noise 0', 'noise 1', 'noise 2'])
})

test('the same seed gives the same bytes, frames and seeds differ', () => {
  for (const pattern of ['gradient', 'checkerboard', 'noise'] as const) {
    const draw = (seed: number, index: number) => drawFrame(pattern, 40, 20, seed, index)
    expect(draw(1, 5)).toEqual(draw(1, 5))
    expect(draw(1, 5).data).not.toEqual(draw(1, 6).data)
    expect(draw(1, 5).data).not.toEqual(draw(9, 5).data)
  }
})

test('a gradient moves by one pixel a frame', () => {
  const [first, second] = [drawFrame('gradient', 8, 1, 0, 0), drawFrame('gradient', 8, 1, 0, 1)]
  expect(second.data.slice(0, 21)).toEqual(first.data.slice(3))
})

test('noise is spread over all values', () => {
  const { data } = drawFrame('noise', 100, 100, 1, 0)
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length
  expect(Math.abs(mean - 127.5)).toBeLessThan(2)
  expect(new Set(data).size).toBe(256)
})
