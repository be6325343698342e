import { z } from 'zod'
import { decodeImageFrame, inferDecodedImage } from './imageCodec.ts'
import { defineNodeKind } from './nodeKind.ts'

export const jpegDecoder = defineNodeKind({
  id: 'jpeg-decoder',
  version: 1,
  label: 'JPEG decoder',
  group: 'Codecs',
  summary: 'Gives back the picture of a JPEG file, or the features that were laid out as tiles in it.',
  params: z.strictObject({}),
  inputs: { bytes: { label: 'Bytes', accepts: 'bytes' } },
  outputs: { tensor: { label: 'Picture or features' } },
  concurrency: 2,
  inferOutputs: (_params, inputs) => inferDecodedImage('jpeg', inputs),
  execute: (inputs, _params, context) => decodeImageFrame(inputs, context),
})
