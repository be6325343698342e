import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { AppError, messageOf } from '../../../src/shared/errors/appError.ts'
import type { CompressionPower } from '../../../src/shared/node-kinds/nodeContext.ts'

/** zstd of Node's own zlib, off the event loop. Absent from some builds of Node, hence looked up, not assumed. */
const supported = typeof zlib.zstdCompress === 'function' && typeof zlib.zstdDecompress === 'function'

export const nodeCompression: CompressionPower = {
  async zstdCompress(bytes, level) {
    requireZstd()
    const compress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)
    return ownBytes(await compress(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }))
  },
  async zstdDecompress(bytes, maxBytes) {
    requireZstd()
    const decompress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)
    try {
      return ownBytes(await decompress(bytes, { maxOutputLength: maxBytes }))
    } catch (error) {
      const message = `zstd data of ${bytes.byteLength} bytes cannot be unpacked to at most ${maxBytes} bytes: ${messageOf(error)}.`
      throw new AppError('codec.payload-invalid', message, { cause: error })
    }
  },
}

function requireZstd(): void {
  if (supported) return
  const message = `Node ${process.version} was built without zstd. Run the device with Node 22.15 or newer, or remove the zstd nodes.`
  throw new AppError('device.capability-missing', message)
}

/** The bytes in a buffer of their own: Node's pool must not travel with them. */
function ownBytes(buffer: Buffer): Uint8Array {
  const alone = buffer.byteLength === buffer.buffer.byteLength
  return alone ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer)
}
