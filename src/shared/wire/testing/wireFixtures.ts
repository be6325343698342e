import { AppError } from '../../errors/appError.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { TensorSpec } from '../../tensor/tensorSpec.ts'
import {
  encodeBare,
  encodeCredit,
  encodeFail,
  encodeHello,
  encodeSchema,
  encodeTensor,
  type MessageParts,
} from '../encodeFrame.ts'
import { frameHeaderBytes, maxExtensionBytes, maxTextPayloadBytes } from '../frameHeader.ts'
import { toLinkSchema } from '../linkSchema.ts'

/** Largest payload of a tensor under which the fixtures are to be decoded. */
export const fixtureMaxFrameBytes = 65_536

/** Announced before every fixture that is a tensor, under their index. */
export const fixtureSchemas: readonly TensorSpec[] = [
  { dtype: 'float32', shape: [2, 3] },
  { dtype: 'uint8', shape: [null, null, 3] },
  { dtype: 'string', shape: [null] },
  { dtype: 'int64', shape: [] },
  { dtype: 'bytes', shape: [null], encoding: { codec: 'quantize-rans' } },
  { dtype: 'float64', shape: [null, null, null, null, null, null, null, null] },
]

export interface FrameFixture {
  readonly name: string
  readonly message: Uint8Array<ArrayBuffer>
  /** What decoding gives, for the valid ones; a tensor's elements as the hex of its payload. */
  readonly expect?: Readonly<Record<string, unknown>>
  /** What decoding fails with, for the others. */
  readonly code?: 'wire.frame-invalid' | 'wire.frame-too-large'
  readonly rule?: string
}

export function validFrames(): readonly FrameFixture[] {
  const epoch = 7
  const text = 'Straße, 写真, 📷'
  const error = new AppError('node.failed', 'Node top failed: it is broken.', { details: { node: 'top' } })
  const spec = fixtureSchemas[4] ?? { dtype: 'bytes', shape: [] }
  return [
    bare('hello', encodeHello('A'.repeat(43), 0), { type: 'hello', epoch: 0, token: 'A'.repeat(43) }),
    bare('welcome', encodeBare('welcome', 0), { type: 'welcome', epoch: 0 }),
    bare('schema', encodeSchema(4, spec, epoch), { type: 'schema', epoch, schemaId: 4, spec }),
    bare('advance', encodeBare('advance', epoch, 2 ** 53 - 1), { type: 'advance', epoch, bound: 2 ** 53 - 1 }),
    bare('credit', encodeCredit(3, 2 ** 40, epoch), { type: 'credit', epoch, frames: 3, bytes: 2 ** 40 }),
    bare('end', encodeBare('end', epoch), { type: 'end', epoch }),
    bare('fail', encodeFail(error, epoch), { type: 'fail', epoch, code: error.code, message: error.message }),
    bare('ping', encodeBare('ping', epoch, 99), { type: 'ping', epoch, token: 99 }),
    bare('pong', encodeBare('pong', epoch, 99), { type: 'pong', epoch, token: 99 }),
    bare('a type of the future that may be ignored', [ignorable()], { type: 'ignored', epoch }),
    tensor('a tensor of the schema’s own shape', 0, floats(), {}),
    tensor('a tensor with open dimensions', 1, createTensor('uint8', [1, 2, 3], new Uint8Array([1, 2, 3, 4, 5, 6])), {
      source: 'photo.jpg',
    }),
    tensor('a tensor that came over two links', 0, floats(), {
      source: text,
      trail: [
        { link: 0, bytes: 4711 },
        { link: 513, bytes: 0xffff_ffff },
      ],
    }),
    tensor('a tensor without elements', 1, createTensor('uint8', [0, 5, 3], new Uint8Array(0)), {}),
    tensor('strings', 2, createTensor('string', [3], ['', text, 'cat']), {}),
    tensor('a scalar', 3, createTensor('int64', [], new BigInt64Array([-2n])), {}),
    tensor('opaque bytes', 4, createTensor('bytes', [5], new Uint8Array([5, 4, 3, 2, 1])), { source: 'x' }),
    tensor('eight dimensions', 5, createTensor('float64', [1, 1, 1, 1, 1, 1, 1, 1], new Float64Array([0.1])), {}),
  ]
}

export function malformedFrames(): readonly FrameFixture[] {
  const base = messageOf(encodeTensor(frameOf(floats(), {}), schema(0), 7))
  const withOpenDims = messageOf(
    encodeTensor(frameOf(createTensor('uint8', [1, 2, 3], new Uint8Array(6)), { source: 'ab' }), schema(1), 7),
  )
  const strings = messageOf(encodeTensor(frameOf(createTensor('string', [2], ['ab', 'c']), {}), schema(2), 7))
  const stringsAt = frameHeaderBytes + 8
  const schemaText = (spec: unknown, id = 0) => messageOf(encodeSchema(id, spec as TensorSpec, 7)) // a wrong one, on purpose
  const invalid = (rule: string, name: string, message: Uint8Array<ArrayBuffer>): FrameFixture => ({
    name,
    message,
    code: 'wire.frame-invalid',
    rule,
  })
  const tooLarge = (name: string, message: Uint8Array<ArrayBuffer>): FrameFixture => ({
    name,
    message,
    code: 'wire.frame-too-large',
    rule: 'W13',
  })
  return [
    ...range(0, frameHeaderBytes).map((end) => invalid('W12', `ends after ${end} bytes`, base.slice(0, end))),
    ...range(0, 32).map((bit) => invalid('W12', `bit ${bit} of the magic is wrong`, flipped(base, bit))),
    ...[0, 11, 12, 127, 255].map((type) => invalid('W14', `unknown type ${type}`, changed(base, 4, type))),
    ...range(1, 8).map((bit) => invalid('W12', `flag ${bit}`, changed(base, 5, 1 << bit))),
    invalid('W12', 'stream 1', changed(base, 6, 1)),
    invalid('W12', 'stream 256', changed(base, 7, 1)),
    invalid('W12', 'reserved field, low byte', changed(base, 38, 1)),
    invalid('W12', 'reserved field, high byte', changed(base, 39, 0x80)),
    invalid('W17', 'number 2^53', changed(base, 22, 0x20)),
    invalid('W17', 'number 2^64 - 2^56 and more', changed(base, 23, 0xff)),
    ...range(1, 8).map((bytes) => invalid('W15', `extension of ${bytes} bytes`, changed(base, 14, bytes))),
    tooLarge('extension of 4104 bytes', u16(base, 14, maxExtensionBytes + 8)),
    tooLarge('extension of 65528 bytes', u16(base, 14, 65_528)),
    ...validFrames()
      .filter(({ expect }) => expect?.type !== 'tensor' && expect?.type !== 'ignored')
      .map(({ name, message }) => invalid('W15', `${name} with an extension`, u16(message, 14, 8))),
    tooLarge('tensor of one byte too many', u32(base, 32, fixtureMaxFrameBytes + 1)),
    tooLarge('tensor of 4 GiB', u32(base, 32, 0xffff_ffff)),
    tooLarge('hello of 4097 bytes', u32(messageOf(encodeHello('', 0)), 32, 4097)),
    tooLarge('schema of 65537 bytes', u32(schemaText({}), 32, maxTextPayloadBytes + 1)),
    tooLarge('fail of 65537 bytes', u32(changed(schemaText({}), 4, 8), 32, maxTextPayloadBytes + 1)),
    tooLarge('credit of 17 bytes', u32(messageOf(encodeCredit(1, 1, 7)), 32, 17)),
    tooLarge('ignorable message of 65537 bytes', u32(ignorable(), 32, maxTextPayloadBytes + 1)),
    ...(['welcome', 'advance', 'end', 'ping', 'pong'] as const).map((type) =>
      tooLarge(`${type} with a payload`, u32(messageOf(encodeBare(type, 7)), 32, 1)),
    ),
    invalid('W13', 'payload one byte shorter than announced', base.slice(0, -1)),
    invalid('W13', 'payload missing', base.slice(0, frameHeaderBytes)),
    invalid('W13', 'payload one byte longer than announced', longer(base, 1)),
    invalid('W13', 'payload eight bytes longer than announced', longer(base, 8)),
    invalid('W13', 'extension announced and missing', u16(base, 14, 4096)),
    invalid('W15', 'schema that was never announced', u16(base, 12, 200)),
    invalid('W15', 'dimensions missing that the schema leaves open', withSchema(base, 1)),
    invalid('W15', 'dimensions where the schema leaves none open', withSchema(withOpenDims, 0)),
    invalid('W15', 'extension whose parts are longer than it', changed(withOpenDims, 40, 255)),
    invalid('W15', 'extension with a lying source length', changed(withOpenDims, 41, 200)),
    invalid('W15', 'extension with a lying trail length', u16(withOpenDims, 42, 65_535)),
    invalid('W15', 'extension with too few dimensions', changed(changed(withOpenDims, 40, 1), 41, 6)),
    invalid('W15', 'extension that is not padded with zeros', changed(withOpenDims, 55, 1)),
    invalid('W24', 'source that is not UTF-8', changed(withOpenDims, 52, 0xff)),
    invalid('W16', 'shape larger than the payload', u32(withOpenDims, 44, 2)),
    invalid('W16', 'shape smaller than the payload', u32(withOpenDims, 48, 1)),
    invalid('W16', 'shape without elements', u32(withOpenDims, 44, 0)),
    invalid('W16', 'shape of 2^32 - 1 by 2^32 - 1', u32(u32(withOpenDims, 44, 0xffff_ffff), 48, 0xffff_ffff)),
    invalid(
      'W16',
      'elements of another size',
      withSchema(messageOf(encodeTensor(frameOf(floats(), {}), schema(0), 7)), 3),
    ),
    invalid('W24', 'strings without a count', shortPayload(strings, stringsAt, 3)),
    invalid('W24', 'more strings than the shape says', u32(strings, stringsAt, 3)),
    invalid('W24', '2^32 - 1 strings', u32(u32(strings, stringsAt, 0xffff_ffff), 44, 0xffff_ffff)),
    invalid('W24', 'string longer than the payload', u32(strings, stringsAt + 4, 100)),
    invalid('W24', 'string of 4 GiB', u32(strings, stringsAt + 4, 0xffff_ffff)),
    invalid('W24', 'string shorter than what follows', u32(strings, stringsAt + 10, 0)),
    invalid('W24', 'string that is not UTF-8', changed(strings, stringsAt + 8, 0xc0)),
    invalid(
      'W15',
      'schema that is not JSON',
      changed(schemaText({ dtype: 'int8', shape: [] }), frameHeaderBytes, 0x5d),
    ),
    invalid('W15', 'schema that is not UTF-8', changed(schemaText({ dtype: 'int8', shape: [] }), 44, 0xff)),
    invalid('W15', 'schema 256', schemaText({ dtype: 'int8', shape: [] }, 256)),
    invalid('W15', 'schema of an unknown dtype', schemaText({ dtype: 'complex64', shape: [] })),
    invalid('W15', 'schema without a shape', schemaText({ dtype: 'int8' })),
    invalid('W15', 'schema with an unknown field', schemaText({ dtype: 'int8', shape: [], colour: 'red' })),
    invalid('W15', 'schema of nine dimensions', schemaText({ dtype: 'int8', shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] })),
    invalid('W15', 'schema with a negative dimension', schemaText({ dtype: 'int8', shape: [-1] })),
    invalid('W15', 'schema with half a dimension', schemaText({ dtype: 'int8', shape: [0.5] })),
    invalid('W15', 'schema nested 100 deep', schemaText(nested(100))),
    invalid('W15', 'schema that is an array', schemaText([])),
    invalid('W18', 'credit of 8 bytes', shortPayload(messageOf(encodeCredit(1, 1, 7)), frameHeaderBytes, 8)),
    invalid('W18', 'credit with a reserved bit', changed(messageOf(encodeCredit(1, 1, 7)), 44, 1)),
    invalid('W18', 'credit of 2^53 bytes', changed(messageOf(encodeCredit(1, 1, 7)), 54, 0x20)),
    invalid('W20', 'fail that is not JSON', changed(messageOf(encodeFail(new AppError('node.failed', ''), 7)), 40, 0)),
    invalid('W20', 'fail without a message', changed(schemaText({ code: 'node.failed' }), 4, 8)),
    invalid('W24', 'token that is not UTF-8', changed(messageOf(encodeHello('abc', 0)), frameHeaderBytes, 0xff)),
  ]
}

export function messageOf(parts: MessageParts): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    message.set(part, at)
    at += part.byteLength
  }
  return message
}

function bare(name: string, parts: MessageParts, expect: Readonly<Record<string, unknown>>): FrameFixture {
  return { name, message: messageOf(parts), expect }
}

type OriginExtras = { readonly source?: string; readonly trail?: readonly { link: number; bytes: number }[] }

function tensor(name: string, schemaId: number, value: Tensor, extras: OriginExtras): FrameFixture {
  const frame = frameOf(value, extras)
  const parts = encodeTensor(frame, schema(schemaId), 7)
  const payload = Array.from(parts[1] ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('')
  const { dtype, shape } = value
  const { seq, origin } = frame
  return bare(name, parts, { type: 'tensor', epoch: 7, seq, origin, dtype, shape, payload })
}

function frameOf(value: Tensor, extras: OriginExtras) {
  return { seq: 2 ** 40 + 5, origin: { capturedAtNs: 123_456_789_012, device: 2, trail: [], ...extras }, tensor: value }
}

function floats(): Tensor {
  return createTensor('float32', [2, 3], new Float32Array([0, -1, 0.5, 3.5e38, Number.POSITIVE_INFINITY, 1e-40]))
}

function schema(id: number) {
  return toLinkSchema(id, fixtureSchemas[id] ?? { dtype: 'uint8', shape: [] })
}

function ignorable(): Uint8Array<ArrayBuffer> {
  return changed(changed(messageOf(encodeBare('ping', 7)), 4, 200), 5, 1)
}

function nested(depth: number): unknown {
  let spec: unknown = { dtype: 'int8', shape: [] }
  for (let level = 0; level < depth; level++)
    spec = { dtype: 'bytes', shape: [], encoding: { codec: 'x', tensor: spec } }
  return spec
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function changed(message: Uint8Array<ArrayBuffer>, at: number, byte: number): Uint8Array<ArrayBuffer> {
  const copy = message.slice()
  copy[at] = byte
  return copy
}

function flipped(message: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> {
  return changed(message, bit >> 3, (message[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
}

function u16(message: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = message.slice()
  new DataView(copy.buffer).setUint16(at, value, true)
  return copy
}

function u32(message: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = message.slice()
  new DataView(copy.buffer).setUint32(at, value, true)
  return copy
}

function withSchema(message: Uint8Array<ArrayBuffer>, id: number): Uint8Array<ArrayBuffer> {
  return u16(message, 12, id)
}

function longer(message: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(message.byteLength + bytes)
  copy.set(message)
  return copy
}

function shortPayload(message: Uint8Array<ArrayBuffer>, at: number, bytes: number): Uint8Array<ArrayBuffer> {
  return u32(message.slice(0, at + bytes), 32, bytes)
}
