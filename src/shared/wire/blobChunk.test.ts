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

test('[W8] writes magic, transfer and offset little-endian', () => {
  const message = encodeBlobChunk({ transfer: 0x01020304, offset: 0x0506, data: new Uint8Array([9]) })
  expect([...message]).toEqual([...new TextEncoder().encode('CFB1'), 4, 3, 2, 1, 6, 5, 0, 0, 0, 0, 0, 0, 9])
})

test('[W8] refuses a piece without content, one that is too long, a wrong magic and an impossible offset', () => {
  const ofLength = (bytes: number) => encodeBlobChunk({ transfer: 1, offset: 0, data: new Uint8Array(bytes) })
  const foreign = ofLength(1).fill(0, 0, 4)
  const far = ofLength(1).fill(0xff, 8, blobChunkHeaderBytes)
  for (const message of [ofLength(0), ofLength(maxBlobChunkBytes + 1), foreign, far]) {
    const result = decodeBlobChunk(message)
    expect(result.ok ? undefined : result.error.code).toBe('wire.message-invalid')
  }
})
