import { z } from 'zod'
import { decodeImageFrame, inferDecodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const pngDecoder = defineNodeKind({
  id: 'png-decoder',
  version: 1,
  label: 'PNG decoder',
  group: 'Codecs',
  summary: 'Gives back the picture of a PNG file, or the features that were laid out as tiles in it.',
  params: z.strictObject({}),
  inputs: { bytes: { label: 'Bytes', accepts: 'bytes' } },
  outputs: { tensor: { label: 'Picture or features' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferDecodedImage('png', inputs),
  execute: (inputs, _params, context) => decodeImageFrame(inputs, context),
})
