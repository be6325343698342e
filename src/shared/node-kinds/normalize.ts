import { z } from 'zod'
import { createTensor } from '../tensor/tensor.ts'
import { defineNodeKind } from './nodeKind.ts'
import { picturePort } from './portSpecs.ts'
import { type Preprocessing, presets } from './presets.ts'
import { takePicture } from './takeInput.ts'

const channels = z.tuple([z.number(), z.number(), z.number()])

/** uint8 [H, W, 3] to float32 [1, 3, H, W]. */
export const normalize = defineNodeKind({
  id: 'normalize',
  version: 1,
  label: 'Normalise',
  group: 'Image',
  summary: 'Turns a picture into the tensor that a network was trained on: scale, mean, channel order, channels first.',
  params: z.strictObject({
    preset: z
      .enum(['imagenet-tf', 'imagenet-torch', 'imagenet-caffe', 'custom'])
      .default('imagenet-tf')
      .describe("The network's own preprocessing; its card names it."),
    order: z.enum(['rgb', 'bgr']).default('rgb').describe('Order of the output channels; for custom only.'),
    divisor: z.number().positive().default(255).describe('What the bytes are divided by first; for custom only.'),
    mean: channels.default([0, 0, 0]).describe('Subtracted from each output channel after division; for custom only.'),
    std: z
      .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
      .default([1, 1, 1])
      .describe('What each output channel is divided by last; for custom only.'),
  }),
  inputs: { image: picturePort },
  outputs: { tensor: { label: 'Tensor' } },
  inferOutputs: (_params, { image }) => {
    const [height = null, width = null] = image?.shape ?? []
    return { tensor: { dtype: 'float32', shape: [1, 3, height, width], layout: 'NCHW' } }
  },
  prepare({ preset, ...custom }) {
    const preprocessing: Preprocessing = preset === 'custom' ? custom : presets[preset]
    const tables = valueTables(preprocessing)
    return (inputs) => {
      const { data, shape } = takePicture(inputs, 'image')
      const [height = 0, width = 0] = shape
      const values = new Float32Array(data.length)
      const plane = height * width
      for (const [output, table] of tables.entries()) {
        const start = output * plane
        let from = preprocessing.order === 'rgb' ? output : 2 - output
        for (let to = start; to < start + plane; to++, from += 3) values[to] = table[data[from] ?? 0] ?? 0
      }
      return { tensor: createTensor('float32', [1, 3, height, width], values) }
    }
  },
})

/** The 256 possible values of each output channel: arithmetic once a run instead of once a pixel, and the same on all devices. */
function valueTables({ divisor, mean, std }: Preprocessing): readonly Float32Array[] {
  return mean.map((offset, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / divisor - offset) / (std[channel] ?? 1)),
  )
}
