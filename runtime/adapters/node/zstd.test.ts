import { expect, test } from 'vitest'
import { nodeCompression } from './zstd.ts'

const text = new TextEncoder().encode('feature map '.repeat(1000))

test('unpacking gives back what was packed, which is smaller', async () => {
  const packed = await nodeCompression.zstdCompress(text, 3)
  expect(packed.byteLength).toBeLessThan(100)
  expect(await nodeCompression.zstdDecompress(packed, text.byteLength)).toEqual(text)
})

test('stops at the stated limit, so that few bytes cannot ask for much memory', async () => {
  const packed = await nodeCompression.zstdCompress(text, 3)
  const unpacked = nodeCompression.zstdDecompress(packed, text.byteLength - 1)
  await expect(unpacked).rejects.toMatchObject({ code: 'codec.payload-invalid' })
})

test('refuses bytes that are not zstd', async () => {
  await expect(nodeCompression.zstdDecompress(text, 10_000)).rejects.toMatchObject({ code: 'codec.payload-invalid' })
})
