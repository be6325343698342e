import { z } from 'zod'
import { assertNever } from '../errors/bugError.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { delayUntil } from './delay.ts'
import { defineNodeKind } from './nodeKind.ts'

const patterns = ['gradient', 'checkerboard', 'noise'] as const
type Pattern = (typeof patterns)[number]

/** Pictures made of numbers alone: the same params give the same bytes on every device. */
export const syntheticFrames = defineNodeKind({
  id: 'synthetic-frames',
  version: 1,
  label: 'Synthetic frames',
  group: 'Sources',
  summary: 'Makes moving test pictures that are the same in every run.',
  role: 'source',
  params: z.strictObject({
    width: z.int().min(1).max(4096).default(224).describe('Pixels.'),
    height: z.int().min(1).max(4096).default(224).describe('Pixels.'),
    count: z.int().min(1).max(1_000_000).default(60).describe('Number of frames.'),
    fps: z.number().min(0).max(240).default(0).describe('Frames a second; 0 is as fast as the graph takes them.'),
    pattern: z
      .enum(patterns)
      .default('gradient')
      .describe('What is drawn; gradient and checkerboard move by a pixel a frame.'),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Start of the noise and of the movement.'),
  }),
  inputs: {},
  outputs: { image: { label: 'Image' } },
  numbering: 'fresh',
  inferOutputs: ({ width, height }) => ({ image: { dtype: 'uint8', shape: [height, width, 3], layout: 'HWC' } }),
  async *produce({ width, height, count, fps, pattern, seed }, { clock, signal }) {
    const startNs = clock.nowNs()
    for (let index = 0; index < count; index++) {
      if (fps > 0) await delayUntil(clock, startNs + (index * 1e9) / fps, signal)
      if (signal.aborted) return
      const drawnFromNs = clock.nowNs()
      const image = drawFrame(pattern, width, height, seed, index)
      yield { outputs: { image }, computeNs: clock.nowNs() - drawnFromNs, source: `${pattern} ${index}` }
    }
  },
})

/** Frame `index` of a pattern, uint8 [height, width, 3]. */
export function drawFrame(
  pattern: Pattern,
  width: number,
  height: number,
  seed: number,
  index: number,
): Tensor<'uint8'> {
  const pixels = new Uint8Array(width * height * 3)
  const shift = seed + index
  switch (pattern) {
    case 'gradient':
      fill(pixels, width, (x, y, channel) => ((x + shift) * (channel + 1) + y * (3 - channel)) & 255)
      break
    case 'checkerboard':
      fill(pixels, width, (x, y, channel) => ((((x + shift) >> 4) + (y >> 4)) & 1 ? 255 - channel * 32 : channel * 32))
      break
    case 'noise':
      fillNoise(pixels, seed, index)
      break
    default:
      assertNever(pattern)
  }
  return createTensor('uint8', [height, width, 3], pixels)
}

function fill(pixels: Uint8Array, width: number, valueAt: (x: number, y: number, channel: number) => number): void {
  for (let offset = 0; offset < pixels.length; offset++) {
    const pixel = Math.floor(offset / 3)
    pixels[offset] = valueAt(pixel % width, Math.floor(pixel / width), offset % 3)
  }
}

/** xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003), begun anew in each frame so that frames do not depend on their order. */
function fillNoise(pixels: Uint8Array, seed: number, index: number): void {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 1
  for (let offset = 0; offset < pixels.length; offset++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    pixels[offset] = state & 255
  }
}
