import sharp from 'sharp'
import { expect, test } from 'vitest'
import { createTensor } from '../../../src/shared/tensor/tensor.ts'
import { nodeImages } from './images.ts'

const red = createTensor('uint8', [2, 3, 3], new Uint8Array(Array.from({ length: 6 }, () => [250, 10, 20]).flat()))
const grey = createTensor('uint8', [2, 4, 1], new Uint8Array([0, 30, 60, 90, 120, 150, 200, 255]))

test('a PNG decodes to the very bytes that were encoded, in colour and in grey', async () => {
  expect(await nodeImages.decode(await nodeImages.encode(red, 'png', 90))).toEqual(red)
  expect(await nodeImages.decodeGrey(await nodeImages.encode(grey, 'png', 90))).toEqual(grey)
})

test('JPEG and WebP come back near to what was encoded', async () => {
  for (const format of ['jpeg', 'webp'] as const) {
    const { shape, data } = await nodeImages.decode(await nodeImages.encode(red, format, 95))
    expect(shape).toEqual([2, 3, 3])
    expect(Math.abs((data[0] ?? 0) - 250)).toBeLessThan(12)
  }
  const { shape, data } = await nodeImages.decodeGrey(await nodeImages.encode(grey, 'jpeg', 95))
  expect(shape).toEqual([2, 4, 1])
  expect(Math.abs((data[6] ?? 0) - 200)).toBeLessThan(12)
})

test('a grey picture decodes to three equal channels', async () => {
  const { shape, data } = await nodeImages.decode(await nodeImages.encode(grey, 'png', 90))
  expect(shape).toEqual([2, 4, 3])
  expect([...data.subarray(3, 6)]).toEqual([30, 30, 30])
})

test('turns a picture upright as its EXIF orientation says', async () => {
  const sideways = await sharp(red.data, { raw: { width: 3, height: 2, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toBuffer()
  expect((await nodeImages.decode(sideways)).shape).toEqual([3, 2, 3])
})

test('transparency becomes black', async () => {
  const clear = await sharp(new Uint8Array([200, 100, 50, 0]), { raw: { width: 1, height: 1, channels: 4 } })
    .png()
    .toBuffer()
  expect([...(await nodeImages.decode(clear)).data]).toEqual([0, 0, 0])
})

test('resizes to exactly the size asked for and keeps a flat colour', async () => {
  const { shape, data } = await nodeImages.resize(red, 7, 5)
  expect(shape).toEqual([5, 7, 3])
  expect(new Set(data)).toEqual(new Set([250, 10, 20]))
})

test('bytes that are no picture, and half a picture, are image.not-an-image', async () => {
  const noise = Uint8Array.from({ length: 3000 }, (_, index) => (index * 7919) % 256)
  const size = { width: 32, height: 31, channels: 3 as const }
  const whole = await sharp(noise.subarray(0, 2976), { raw: size }).png().toBuffer()
  for (const bytes of [noise, new Uint8Array(0), whole.subarray(0, whole.length / 2)]) {
    await expect(nodeImages.decode(bytes)).rejects.toMatchObject({ code: 'image.not-an-image' })
  }
})

test('a picture of too many pixels is refused before it is decoded', async () => {
  const huge = await sharp({ create: { width: 12_000, height: 9_000, channels: 3, background: 'white' } })
    .png({ compressionLevel: 1 })
    .toBuffer()
  await expect(nodeImages.decode(huge)).rejects.toMatchObject({ code: 'image.too-large' })
})
