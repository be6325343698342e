import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'

/**
 * A piece of a blob, the only binary message of a control connection (client to device):
 *
 *     0  u32 transfer   from the reply to put-blob
 *     4  u64 offset     of this piece in the blob; pieces come in order, without gaps
 *    12  data           at most maxBlobChunkBytes
 *
 * All numbers are little-endian.
 */
export interface BlobChunk {
  readonly transfer: number
  readonly offset: number
  readonly data: Uint8Array
}

export const blobChunkHeaderBytes = 12
export const maxBlobChunkBytes = 1024 * 1024

export function encodeBlobChunk({ transfer, offset, data }: BlobChunk): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(blobChunkHeaderBytes + data.byteLength)
  const view = new DataView(message.buffer)
  view.setUint32(0, transfer, true)
  view.setBigUint64(4, BigInt(offset), true)
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
  const offset = Number(view.getBigUint64(4, true))
  if (!Number.isSafeInteger(offset)) return failure(invalid(`has the offset ${offset}, beyond every possible blob`))
  return success({ transfer: view.getUint32(0, true), offset, data: message.subarray(blobChunkHeaderBytes) })
}

function invalid(found: string): AppError {
  return new AppError('wire.message-invalid', `A piece of a blob ${found}. The peer speaks the protocol wrongly.`)
}
