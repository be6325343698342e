import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { LinkBytes } from './frame.ts'
import { invalidFrame, maxExtensionBytes } from './frameHeader.ts'

/**
 * What a tensor message carries between header and payload, padded with zeros to a multiple of 8 bytes and left out
 * when all of it is empty:
 *
 *     0 u8  dynamicDims     one u32 each follows at 4
 *     1 u8  sourceBytes     UTF-8, last
 *     2 u16 trailEntries    u16 link, u32 bytes each, after the dimensions
 */
export interface FrameExtension {
  /** The dimensions that the schema leaves open, in order. */
  readonly dims: readonly number[]
  readonly source: string | undefined
  readonly trail: readonly LinkBytes[]
}

const fixedBytes = 4
const dimBytes = 4
const trailEntryBytes = 6
const maxSourceBytes = 255
const empty: FrameExtension = { dims: [], source: undefined, trail: [] }

/** Bytes that the extension takes, padding included. Fails with `wire.frame-too-large`, thrown, above 4096. */
export function extensionBytesOf(openDims: number, source: Uint8Array, trail: readonly LinkBytes[]): number {
  if (openDims === 0 && source.byteLength === 0 && trail.length === 0) return 0
  const bytes = fixedBytes + openDims * dimBytes + trail.length * trailEntryBytes + source.byteLength
  if (bytes > maxExtensionBytes) {
    const message = `A frame came over ${trail.length} links; its trail no longer fits into ${maxExtensionBytes} bytes.`
    throw new AppError('wire.frame-too-large', message)
  }
  return Math.ceil(bytes / 8) * 8
}

/** Writes into `bytes`, whose rest is zero already. `shape` gives the dimensions where `schemaDims` is -1. */
export function writeExtension(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  shape: readonly number[],
  schemaDims: readonly number[],
  source: Uint8Array,
  trail: readonly LinkBytes[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let offset = at + fixedBytes
  let dims = 0
  for (let axis = 0; axis < schemaDims.length; axis++) {
    if (schemaDims[axis] !== -1) continue
    view.setUint32(offset, shape[axis] ?? 0, true)
    offset += dimBytes
    dims++
  }
  view.setUint8(at, dims)
  view.setUint8(at + 1, source.byteLength)
  view.setUint16(at + 2, trail.length, true)
  for (const entry of trail) {
    view.setUint16(offset, entry.link, true)
    view.setUint32(offset + 2, Math.min(entry.bytes, 0xffff_ffff), true)
    offset += trailEntryBytes
  }
  bytes.set(source, offset)
}

/** Fails with `wire.frame-invalid`. */
export function decodeExtension(bytes: Uint8Array): Result<FrameExtension> {
  if (bytes.byteLength === 0) return success(empty)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dimCount = view.getUint8(0)
  const sourceBytes = view.getUint8(1)
  const trailCount = view.getUint16(2, true)
  const used = fixedBytes + dimCount * dimBytes + trailCount * trailEntryBytes + sourceBytes
  if (Math.ceil(used / 8) * 8 !== bytes.byteLength) {
    return failure(invalidFrame('W15', `has an extension of ${bytes.byteLength} bytes whose parts take ${used}`))
  }
  for (let at = used; at < bytes.byteLength; at++) {
    if (bytes[at] !== 0) return failure(invalidFrame('W15', 'has bytes other than 0 behind its extension'))
  }
  let offset = fixedBytes
  const dims: number[] = []
  for (let index = 0; index < dimCount; index++, offset += dimBytes) dims.push(view.getUint32(offset, true))
  const trail: LinkBytes[] = []
  for (let index = 0; index < trailCount; index++, offset += trailEntryBytes) {
    trail.push({ link: view.getUint16(offset, true), bytes: view.getUint32(offset + 2, true) })
  }
  if (sourceBytes === 0) return success({ dims, source: undefined, trail })
  const source = decodeUtf8(bytes.subarray(offset, offset + sourceBytes))
  if (source === undefined) return failure(invalidFrame('W24', 'names a source that is not UTF-8'))
  return success({ dims, source, trail })
}

const noBytes = new Uint8Array(0)

/** UTF-8 of a source's name, cut at a character where it is longer than 255 bytes. */
export function encodeSource(source: string | undefined): Uint8Array {
  if (source === undefined) return noBytes
  const bytes = new TextEncoder().encode(source)
  if (bytes.byteLength <= maxSourceBytes) return bytes
  let end = maxSourceBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined // the caller knows what the text was for
  }
}
