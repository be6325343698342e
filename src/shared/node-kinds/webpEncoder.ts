import { z } from 'zod'
import { encodeImageFrame, imageEncoderPort, inferEncodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const webpEncoder = defineNodeKind({
  id: 'webp-encoder',
  version: 1,
  label: 'WebP encoder',
  group: 'Codecs',
  summary: 'Makes a WebP file of a picture, or of feature channels laid out as grey tiles.',
  params: z.strictObject({
    quality: z.int().min(1).max(100).default(90).describe('Higher is larger and closer to the original.'),
  }),
  inputs: { tensor: imageEncoderPort },
  outputs: { bytes: { label: 'Bytes' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferEncodedImage('webp', inputs),
  execute: (inputs, { quality }, context) => encodeImageFrame(inputs, 'webp', quality, context),
})
