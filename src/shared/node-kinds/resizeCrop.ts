import { z } from 'zod'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { defineNodeKind } from './nodeKind.ts'
import { picturePort } from './portSpecs.ts'
import { takePicture } from './takeInput.ts'

/** uint8 [H, W, 3] to uint8 [height, width, 3]. */
export const resizeCrop = defineNodeKind({
  id: 'resize-crop',
  version: 1,
  label: 'Resize and crop',
  group: 'Image',
  summary: 'Scales a picture to the size that a network takes.',
  params: z.strictObject({
    width: z.int().min(1).max(8192).default(224).describe('Pixels.'),
    height: z.int().min(1).max(8192).default(224).describe('Pixels.'),
    mode: z
      .enum(['centre-crop', 'stretch'])
      .default('centre-crop')
      .describe('centre-crop keeps proportions and cuts what is too much off both sides; stretch keeps everything.'),
  }),
  inputs: { image: picturePort },
  outputs: { image: { label: 'Image' } },
  inferOutputs: ({ width, height }) => ({ image: { dtype: 'uint8', shape: [height, width, 3], layout: 'HWC' } }),
  async execute(inputs, { width, height, mode }, { images }) {
    const image = takePicture(inputs, 'image')
    const [foundHeight = 0, foundWidth = 0] = image.shape
    if (foundWidth === width && foundHeight === height) return { image }
    if (mode === 'stretch') return { image: await images.resize(image, width, height) }
    const covering = coveringSize(foundWidth, foundHeight, width, height)
    const scaled = await images.resize(image, covering.width, covering.height)
    return { image: cropCentre(scaled, width, height) }
  },
})

/** The smallest size of the picture's proportions that covers the wanted one: its tighter side fits exactly. */
export function coveringSize(
  foundWidth: number,
  foundHeight: number,
  width: number,
  height: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.max(width / foundWidth, height / foundHeight)
  return {
    width: Math.max(width, Math.round(foundWidth * scale)),
    height: Math.max(height, Math.round(foundHeight * scale)),
  }
}

/** The middle of a picture at least as large; where the rest is odd the extra pixel goes right and below. */
export function cropCentre(image: Tensor<'uint8'>, width: number, height: number): Tensor<'uint8'> {
  const [foundHeight = 0, foundWidth = 0] = image.shape
  const left = (foundWidth - width) >> 1
  const top = (foundHeight - height) >> 1
  const pixels = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * foundWidth + left) * 3
    pixels.set(image.data.subarray(start, start + width * 3), row * width * 3)
  }
  return createTensor('uint8', [height, width, 3], pixels)
}
