import { AppError } from '../errors/appError.ts'

/** First byte: no JPEG (0xff), PNG (0x89) or WebP ('R') begins with it, so a decoder tells tiles from pictures. */
const tileMark = 0xcf
const version = 1
const headerBytes = 16

/** What a file image of feature tiles cannot say itself. */
export interface TileHeader {
  /** float32 [1, channels, height, width] */
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly range: { readonly min: number; readonly max: number }
}

/**
 * Rule C10: mark 0xcf, version 1, then little-endian channels, height, width as uint16 and min, max as float32, then the
 * file image.
 */
export function encodeTilePayload({ channels, height, width, range }: TileHeader, file: Uint8Array): Uint8Array {
  if (Math.max(channels, height, width) > 0xffff) {
    const found = `[1,${channels},${height},${width}]`
    throw new AppError(
      'tensor.too-large',
      `Feature tiles take at most 65535 channels, rows and columns, found ${found}.`,
    )
  }
  const payload = new Uint8Array(headerBytes + file.length)
  const view = new DataView(payload.buffer)
  payload.set([tileMark, version])
  view.setUint16(2, channels, true)
  view.setUint16(4, height, true)
  view.setUint16(6, width, true)
  view.setFloat32(8, range.min, true)
  view.setFloat32(12, range.max, true)
  payload.set(file, headerBytes)
  return payload
}

/** Undefined where the payload does not begin as feature tiles do. Fails with `codec.payload-invalid`. */
export function decodeTilePayload(
  payload: Uint8Array,
): { readonly header: TileHeader; readonly file: Uint8Array } | undefined {
  if (payload[0] !== tileMark) return undefined
  if (payload[1] !== version || payload.length < headerBytes) {
    throw new AppError(
      'codec.payload-invalid',
      `Feature tiles begin with ${headerBytes} bytes of version ${version}, found ${payload.length} bytes of version ${payload[1]}.`,
    )
  }
  const view = new DataView(payload.buffer, payload.byteOffset, headerBytes)
  const range = { min: view.getFloat32(8, true), max: view.getFloat32(12, true) }
  if (!Number.isFinite(range.min) || !Number.isFinite(range.max)) {
    throw new AppError(
      'codec.payload-invalid',
      `The range of feature tiles must be finite, found ${range.min} to ${range.max}.`,
    )
  }
  const header = {
    channels: view.getUint16(2, true),
    height: view.getUint16(4, true),
    width: view.getUint16(6, true),
    range,
  }
  return { header, file: payload.subarray(headerBytes) }
}
