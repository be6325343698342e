import { AppError } from '../../errors/appError.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { ImagePower } from '../nodeContext.ts'

const magic = [0x46, 0x49, 0x4d, 0x47]

/** Pictures without compression: "FIMG", height, width and channels as bytes, then the pixels. Resizes to the nearest pixel. */
export class FakeImages implements ImagePower {
  async decode(bytes: Uint8Array): Promise<Tensor<'uint8'>> {
    const [height = 0, width = 0, channels = 0] = bytes.subarray(4, 7)
    if (magic.some((byte, index) => bytes[index] !== byte)) {
      throw new AppError('image.not-an-image', 'These bytes are not a picture.')
    }
    const pixels = bytes.slice(7)
    const colours =
      channels === 3 ? pixels : Uint8Array.from({ length: pixels.length * 3 }, (_, i) => pixels[Math.floor(i / 3)] ?? 0)
    return createTensor('uint8', [height, width, 3], colours)
  }

  async decodeGrey(bytes: Uint8Array): Promise<Tensor<'uint8'>> {
    const { shape, data } = await this.decode(bytes)
    const [height = 0, width = 0] = shape
    return createTensor(
      'uint8',
      [height, width, 1],
      data.filter((_, index) => index % 3 === 0),
    )
  }

  async encode(image: Tensor<'uint8'>): Promise<Uint8Array> {
    return Uint8Array.from([...magic, ...image.shape, ...image.data])
  }

  async resize(image: Tensor<'uint8'>, width: number, height: number): Promise<Tensor<'uint8'>> {
    const [foundHeight = 0, foundWidth = 0] = image.shape
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
      const pixel = Math.floor(index / 3)
      const row = Math.floor((Math.floor(pixel / width) * foundHeight) / height)
      const column = Math.floor(((pixel % width) * foundWidth) / width)
      return image.data[(row * foundWidth + column) * 3 + (index % 3)] ?? 0
    })
    return createTensor('uint8', [height, width, 3], pixels)
  }
}
