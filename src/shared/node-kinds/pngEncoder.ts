import { z } from 'zod'
import { encodeImageFrame, imageEncoderPort, inferEncodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const pngEncoder = defineNodeKind({
  id: 'png-encoder',
  version: 1,
  label: 'PNG encoder',
  group: 'Codecs',
  summary:
    'Makes a PNG file of a picture, or of feature channels laid out as grey tiles: nothing but 8-bit rounding is lost.',
  params: z.strictObject({}),
  inputs: { tensor: imageEncoderPort },
  outputs: { bytes: { label: 'Bytes' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferEncodedImage('png', inputs),
  execute: (inputs, _params, context) => encodeImageFrame(inputs, 'png', 100, context),
})
