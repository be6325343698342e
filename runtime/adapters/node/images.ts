import sharp, { type Sharp } from 'sharp'
import { AppError, messageOf } from '../../../src/shared/errors/appError.ts'
import type { ImagePower } from '../../../src/shared/node-kinds/nodeContext.ts'
import { createTensor, type Tensor } from '../../../src/shared/tensor/tensor.ts'

// One thread a picture: frames run side by side already. No cache: each picture is decoded once.
sharp.concurrency(1)
sharp.cache(false)

/** Pictures beyond this many pixels are refused before they are decoded. */
const maxPixels = 100_000_000

/**
 * Pictures by sharp (libvips). Decoding turns a picture upright as its EXIF orientation says, drops transparency onto
 * black and gives sRGB. Resizing uses the linear (triangle) kernel, widened when shrinking so that it antialiases: the bilinear
 * resizing with which ImageNet networks are evaluated.
 */
export const nodeImages: ImagePower = {
  decode: (bytes) => decode(bytes, 3),
  decodeGrey: (bytes) => decode(bytes, 1),

  async encode(image, format, quality) {
    const pipeline = sharpOf(image)
    switch (format) {
      case 'jpeg':
        return plain(await pipeline.jpeg({ quality }).toBuffer())
      case 'png':
        return plain(await pipeline.png().toBuffer())
      case 'webp':
        return plain(await pipeline.webp({ quality }).toBuffer())
      default: {
        const unhandled: never = format
        throw new AppError('internal.bug', `Unknown picture format ${String(unhandled)}`)
      }
    }
  },

  async resize(image, width, height) {
    const channels = image.shape[2] ?? 0
    const { data } = await sharpOf(image)
      .resize(width, height, { fit: 'fill', kernel: 'linear' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    return createTensor('uint8', [height, width, channels], plain(data))
  },
}

async function decode(bytes: Uint8Array, channels: 1 | 3): Promise<Tensor<'uint8'>> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .autoOrient()
      .flatten()
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return createTensor('uint8', [info.height, info.width, info.channels], plain(data))
  } catch (error) {
    const reason = messageOf(error)
    if (/pixel limit/i.test(reason)) {
      const message = `The picture has more than ${maxPixels / 1e6} million pixels, the limit. Scale it down first.`
      throw new AppError('image.too-large', message, { cause: error })
    }
    const message = `${bytes.byteLength} bytes are not a picture that can be decoded: ${reason.trim()}.`
    throw new AppError('image.not-an-image', message, { cause: error })
  }
}

function sharpOf({ data, shape }: Tensor<'uint8'>): Sharp {
  const [height = 0, width = 0, channels = 0] = shape
  if (shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    const message = `A picture is uint8 [height, width, 1 or 3], not [${shape.join(', ')}].`
    throw new AppError('tensor.shape-mismatch', message)
  }
  return sharp(data, { raw: { width, height, channels } })
}

/** As a Uint8Array proper; a Buffer has methods that behave differently (slice shares its memory). */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
