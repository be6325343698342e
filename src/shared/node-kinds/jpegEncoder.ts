import { z } from 'zod'
import { encodeImageFrame, imageEncoderPort, inferEncodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const jpegEncoder = defineNodeKind({
  id: 'jpeg-encoder',
  version: 1,
  label: 'JPEG encoder',
  group: 'Codecs',
  summary: 'Makes a JPEG file of a picture, or of feature channels laid out as grey tiles.',
  params: z.strictObject({
    quality: z.int().min(1).max(100).default(90).describe('Higher is larger and closer to the original.'),
  }),
  inputs: { tensor: imageEncoderPort },
  outputs: { bytes: { label: 'Bytes' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferEncodedImage('jpeg', inputs),
  execute: (inputs, { quality }, context) => encodeImageFrame(inputs, 'jpeg', quality, context),
})
