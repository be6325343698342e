import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'

/**
 * The 40 bytes before every message of a data connection, drawn in docs/wire-protocol.md. All numbers little-endian.
 *
 *      0 u32 magic "CFT1"     12 u16 schemaId          32 u32 payloadBytes
 *      4 u8  type             14 u16 extensionBytes    36 u16 originDevice
 *      5 u8  flags            16 u64 seq               38 u16 0
 *      6 u16 streamId (0)     24 u64 capturedAtNs
 *      8 u32 epoch
 */
export interface FrameHeader {
  /** Undefined: a type of a newer version, allowed because its flags say that it may be ignored. */
  readonly type: FrameType | undefined
  readonly epoch: number
  readonly schemaId: number
  readonly extensionBytes: number
  /** Frame number of a tensor, bound of an advance, token of a ping. */
  readonly seq: number
  readonly capturedAtNs: number
  readonly payloadBytes: number
  readonly originDevice: number
}

/** Message types by their number on the wire. */
export const frameTypes = [
  'hello',
  'welcome',
  'schema',
  'tensor',
  'advance',
  'credit',
  'end',
  'fail',
  'ping',
  'pong',
] as const
export type FrameType = (typeof frameTypes)[number]

export const frameHeaderBytes = 40
export const maxExtensionBytes = 4096
/** Payload limit where nothing else was agreed. */
export const defaultMaxFrameBytes = 64 * 1024 * 1024
/** Payload limit of what carries text and of types that are ignored. */
export const maxTextPayloadBytes = 64 * 1024
/** Payload limit of the first message of a connection. */
export const maxHelloPayloadBytes = 4096
export const creditPayloadBytes = 16
export const maxSchemas = 256
const ignoreFlag = 0x01

const magic = 0x3154_4643 // "CFT1"
const twoTo32 = 2 ** 32

/** A header alone, or with room for an extension behind it. Numbers that are left out are 0. */
export function createFrameHeader(
  type: FrameType,
  fields: Partial<Omit<FrameHeader, 'type'>>,
): Uint8Array<ArrayBuffer> {
  const extensionBytes = fields.extensionBytes ?? 0
  const bytes = new Uint8Array(frameHeaderBytes + extensionBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint8(4, frameTypes.indexOf(type) + 1)
  view.setUint32(8, fields.epoch ?? 0, true)
  view.setUint16(12, fields.schemaId ?? 0, true)
  view.setUint16(14, extensionBytes, true)
  setUint64(view, 16, fields.seq ?? 0)
  setUint64(view, 24, fields.capturedAtNs ?? 0)
  view.setUint32(32, fields.payloadBytes ?? 0, true)
  view.setUint16(36, fields.originDevice ?? 0, true)
  return bytes
}

/**
 * Reads and checks the first 40 bytes of `bytes`, before anything is allocated for what they announce. `maxFrameBytes`
 * limits the payload of a tensor; other types have limits of their own. Fails with `wire.frame-invalid` or
 * `wire.frame-too-large`.
 */
export function parseFrameHeader(bytes: Uint8Array, maxFrameBytes: number): Result<FrameHeader> {
  if (bytes.byteLength < frameHeaderBytes) {
    return failure(invalidFrame('W12', `ends after ${bytes.byteLength} of the ${frameHeaderBytes} bytes of its header`))
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, frameHeaderBytes)
  const found = view.getUint32(0, true)
  if (found !== magic) {
    return failure(invalidFrame('W12', `begins with 0x${found.toString(16).padStart(8, '0')} instead of "CFT1"`))
  }
  const flags = view.getUint8(5)
  const type = frameTypes[view.getUint8(4) - 1]
  if (type === undefined && (flags & ignoreFlag) === 0) {
    return failure(invalidFrame('W14', `has the unknown type ${view.getUint8(4)}`))
  }
  if (type !== undefined && (flags & ~ignoreFlag) !== 0) {
    return failure(invalidFrame('W12', `sets unknown flags (0x${flags.toString(16)})`))
  }
  if (view.getUint16(6, true) !== 0) {
    return failure(
      invalidFrame('W12', `belongs to stream ${view.getUint16(6, true)}; a connection carries stream 0 only`),
    )
  }
  if (view.getUint16(38, true) !== 0)
    return failure(invalidFrame('W12', 'has bytes other than 0 in the reserved field'))
  const seq = getUint64(view, 16)
  if (!Number.isSafeInteger(seq)) return failure(invalidFrame('W17', 'has a number of 2^53 or more'))
  const header: FrameHeader = {
    type,
    epoch: view.getUint32(8, true),
    schemaId: view.getUint16(12, true),
    extensionBytes: view.getUint16(14, true),
    seq,
    capturedAtNs: getUint64(view, 24),
    payloadBytes: view.getUint32(32, true),
    originDevice: view.getUint16(36, true),
  }
  const refusal = refuseLengths(header, maxFrameBytes)
  return refusal === undefined ? success(header) : failure(refusal)
}

/** Bytes of the whole message. */
export function messageBytesOf(header: FrameHeader): number {
  return frameHeaderBytes + header.extensionBytes + header.payloadBytes
}

/** `found` continues "A frame ..."; `rule` is one of docs/wire-protocol.md. */
export function invalidFrame(rule: string, found: string): AppError {
  return new AppError('wire.frame-invalid', `A frame ${found} (rule ${rule}). The peer speaks the protocol wrongly.`, {
    details: { rule },
  })
}

function refuseLengths(header: FrameHeader, maxFrameBytes: number): AppError | undefined {
  const { type, extensionBytes, payloadBytes } = header
  if (extensionBytes % 8 !== 0) {
    return invalidFrame('W15', `has an extension of ${extensionBytes} bytes, not a multiple of 8`)
  }
  if (extensionBytes > maxExtensionBytes) return tooLarge('an extension', extensionBytes, maxExtensionBytes)
  if (extensionBytes > 0 && type !== undefined && type !== 'tensor') {
    return invalidFrame('W15', `of type ${type} has an extension`)
  }
  const limit = Math.min(maxFrameBytes, payloadLimitOf(type))
  return payloadBytes > limit ? tooLarge('a payload', payloadBytes, limit) : undefined
}

function payloadLimitOf(type: FrameType | undefined): number {
  switch (type) {
    case 'tensor':
      return Number.POSITIVE_INFINITY
    case 'hello':
      return maxHelloPayloadBytes
    case 'schema':
    case 'fail':
    case undefined:
      return maxTextPayloadBytes
    case 'credit':
      return creditPayloadBytes
    default:
      return 0
  }
}

function tooLarge(part: string, found: number, limit: number): AppError {
  const message = `A frame announces ${part} of ${found} bytes (rule W13), more than the ${limit} that are allowed here.`
  return new AppError('wire.frame-too-large', message, { details: { rule: 'W13', found, limit } })
}

export function setUint64(view: DataView, offset: number, value: number): void {
  const whole = Math.max(0, Math.floor(value))
  const high = Math.floor(whole / twoTo32)
  view.setUint32(offset, whole - high * twoTo32, true)
  view.setUint32(offset + 4, high, true)
}

/** Rounded to the nearest double from 2^53 on. */
export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * twoTo32 + view.getUint32(offset, true)
}
