import { z } from 'zod'
import { decodePackedHeader, tensorOfElementBytes } from '../codecs/packedTensor.ts'
import { AppError } from '../errors/appError.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, refuseInput } from './nodeKind.ts'
import { takeTyped } from './takeInput.ts'

/** Most that one frame may unpack to. */
const maxUnpackedBytes = 256 * 1024 * 1024

/** The inverse of zstd-encoder: dtype and shape come from the payload. */
export const zstdDecoder = defineNodeKind({
  id: 'zstd-decoder',
  version: 1,
  label: 'Zstandard decoder',
  group: 'Codecs',
  summary: 'Gives back what a Zstandard encoder compressed, at most 256 MiB a frame.',
  params: z.strictObject({}),
  inputs: { bytes: { label: 'Bytes', accepts: 'bytes' } },
  outputs: { tensor: { label: 'Tensor' } },
  concurrency: 2,
  inferOutputs: (_params, { bytes }) => {
    if (bytes?.encoding === undefined) return {}
    const { codec, tensor } = bytes.encoding
    if (codec === 'zstd') return tensor === undefined ? {} : { tensor }
    return refuseInput('bytes', `The Zstandard decoder takes bytes of zstd, found ${formatSpec(bytes)}.`)
  },
  async execute(inputs, _params, { compression }) {
    const payload = takeTyped(inputs, 'bytes', 'bytes').data
    const header = decodePackedHeader(payload, maxUnpackedBytes)
    const bytes = await compression.zstdDecompress(payload.subarray(header.headerBytes), Math.max(1, header.dataBytes))
    if (bytes.byteLength !== header.dataBytes) {
      throw new AppError(
        'codec.payload-invalid',
        `A zstd payload of ${header.dtype} [${header.shape.join(',')}] must unpack to ${header.dataBytes} bytes, found ${bytes.byteLength}.`,
      )
    }
    return { tensor: tensorOfElementBytes(header, bytes) }
  },
})
