import { z } from 'zod'
import { decodeImageFrame, inferDecodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const webpDecoder = defineNodeKind({
  id: 'webp-decoder',
  version: 1,
  label: 'WebP decoder',
  group: 'Codecs',
  summary: 'Gives back the picture of a WebP file, or the features that were laid out as tiles in it.',
  params: z.strictObject({}),
  inputs: { bytes: { label: 'Bytes', accepts: 'bytes' } },
  outputs: { tensor: { label: 'Picture or features' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferDecodedImage('webp', inputs),
  execute: (inputs, _params, context) => decodeImageFrame(inputs, context),
})
