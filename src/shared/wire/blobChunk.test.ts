import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { blobChunkHeaderBytes, decodeBlobChunk, encodeBlobChunk, maxBlobChunkBytes } from './blobChunk.ts'

test('decoding is the inverse of encoding', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      (transfer, offset, data) => {
        expect(unwrap(decodeBlobChunk(encodeBlobChunk({ transfer, offset, data })))).toEqual({
          transfer,
          offset,
          data: new Uint8Array(data),
        })
      },
    ),
  )
})

test('writes transfer and offset little-endian', () => {
  const message = encodeBlobChunk({ transfer: 0x01020304, offset: 0x0506, data: new Uint8Array([9]) })
  expect([...message]).toEqual([4, 3, 2, 1, 6, 5, 0, 0, 0, 0, 0, 0, 9])
})

test('refuses a piece without content, one that is too long, and an impossible offset', () => {
  const empty = decodeBlobChunk(new Uint8Array(blobChunkHeaderBytes))
  const long = decodeBlobChunk(new Uint8Array(blobChunkHeaderBytes + maxBlobChunkBytes + 1))
  const far = new Uint8Array(blobChunkHeaderBytes + 1).fill(0xff)
  for (const result of [empty, long, decodeBlobChunk(far)]) {
    expect(result.ok ? undefined : result.error.code).toBe('wire.message-invalid')
  }
})
