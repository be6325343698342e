import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { getUint64, setUint64 } from './frameHeader.ts'

/**
 * A piece of a blob, the only binary message of a control connection (client to device):
 *
 *     0  u32 magic      "CFB1"
 *     4  u32 transfer   from the reply to put-blob
 *     8  u64 offset     of this piece in the blob; pieces come in order, without gaps
 *    16  data           1 byte to 256 KiB
 *
 * All numbers are little-endian.
 */
export interface BlobChunk {
  readonly transfer: number
  readonly offset: number
  readonly data: Uint8Array
}

export const blobChunkHeaderBytes = 16
/** Big enough for speed, small enough that other messages get through in between. */
export const maxBlobChunkBytes = 256 * 1024
const magic = 0x3142_4643 // "CFB1"

export function encodeBlobChunk({ transfer, offset, data }: BlobChunk): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(blobChunkHeaderBytes + data.byteLength)
  const view = new DataView(message.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, transfer, true)
  setUint64(view, 8, offset)
  message.set(data, blobChunkHeaderBytes)
  return message
}

/** `data` of the result is a view of `message`. Fails with `wire.message-invalid`. */
export function decodeBlobChunk(message: Uint8Array): Result<BlobChunk> {
  if (message.byteLength <= blobChunkHeaderBytes) {
    return failure(
      invalid(`has ${message.byteLength} bytes, not even one after its ${blobChunkHeaderBytes} byte header`),
    )
  }
  const length = message.byteLength - blobChunkHeaderBytes
  if (length > maxBlobChunkBytes) return failure(invalid(`carries ${length} bytes, more than ${maxBlobChunkBytes}`))
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  if (view.getUint32(0, true) !== magic) return failure(invalid('does not begin with "CFB1"'))
  const offset = getUint64(view, 8)
  if (!Number.isSafeInteger(offset)) return failure(invalid(`has the offset ${offset}, beyond every possible blob`))
  return success({ transfer: view.getUint32(4, true), offset, data: message.subarray(blobChunkHeaderBytes) })
}

function invalid(found: string): AppError {
  return new AppError(
    'wire.message-invalid',
    `A piece of a blob ${found} (rule W8). The peer speaks the protocol wrongly.`,
  )
}
