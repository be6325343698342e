import { z } from 'zod'
import { elementBytesOf, encodePackedHeader } from '../codecs/packedTensor.ts'
import { AppError } from '../errors/appError.ts'
import { numericTypes } from '../tensor/dataType.ts'
import { bytesTensor } from '../tensor/tensor.ts'
import { defineNodeKind } from './nodeKind.ts'
import { takeInput } from './takeInput.ts'

/** Any tensor but text to bytes: a header with dtype and shape, then its elements as a zstd frame. */
export const zstdEncoder = defineNodeKind({
  id: 'zstd-encoder',
  version: 1,
  label: 'Zstandard encoder',
  group: 'Codecs',
  summary: 'Compresses numbers or bytes without loss.',
  params: z.strictObject({
    level: z.int().min(1).max(19).default(3).describe('Higher is smaller and slower.'),
  }),
  inputs: { tensor: { label: 'Tensor', accepts: [...numericTypes, 'bytes'] } },
  outputs: { bytes: { label: 'Bytes' } },
  concurrency: 2,
  inferOutputs: (_params, { tensor }) =>
    tensor === undefined ? {} : { bytes: { dtype: 'bytes', shape: [null], encoding: { codec: 'zstd', tensor } } },
  async execute(inputs, { level }, { compression }) {
    const tensor = takeInput(inputs, 'tensor')
    if (tensor.dtype === 'string') {
      throw new AppError('tensor.dtype-mismatch', 'The Zstandard encoder takes numbers or bytes, found strings.')
    }
    const header = encodePackedHeader(tensor)
    const body = await compression.zstdCompress(elementBytesOf(tensor), level)
    const payload = new Uint8Array(header.length + body.length)
    payload.set(header)
    payload.set(body, header.length)
    return { bytes: bytesTensor(payload) }
  },
})
