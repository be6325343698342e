import { expect, test } from 'vitest'
import { isErrorCode } from '../errors/codes.ts'
import { decodeBlobChunk, encodeBlobChunk } from './blobChunk.ts'
import { decodeFrame } from './decodeFrame.ts'
import { frameHeaderBytes, maxExtensionBytes } from './frameHeader.ts'
import { createFrameReader } from './frameReader.ts'
import { toLinkSchema } from './linkSchema.ts'
import { parseEvent, parseRequest } from './parseControl.ts'
import { toText, validControlMessages } from './testing/controlFixtures.ts'
import { createSeededRandom } from './testing/seededRandom.ts'
import { fixtureMaxFrameBytes, fixtureSchemas, validFrames } from './testing/wireFixtures.ts'

const limit = { timeout: 30_000 }
const maxMessageBytes = frameHeaderBytes + maxExtensionBytes + fixtureMaxFrameBytes
const schemas = fixtureSchemas.map((spec, id) => toLinkSchema(id, spec))

test('[W13] 60,000 mutated frames are decoded or refused, and none takes more memory than the limit', limit, () => {
  const random = createSeededRandom(1)
  const originals = validFrames().map(({ message }) => message)
  const tally = { decoded: 0, refused: 0, unread: 0, largest: 0 }
  for (let round = 0; round < 60_000; round++) {
    const stream = mutateBytes(pick(originals, random), random)
    let complete = 0
    const reader = createFrameReader({
      maxFrameBytes: () => fixtureMaxFrameBytes,
      allocate(bytes) {
        tally.largest = Math.max(tally.largest, bytes)
        return new Uint8Array(bytes)
      },
      onMessage(message) {
        complete++
        const decoded = decodeFrame(message, { maxFrameBytes: fixtureMaxFrameBytes, schemas })
        if (decoded.ok) tally.decoded++
        else tally.refused += isWireCode(decoded.error.code) ? 1 : Number.NaN
      },
    })
    const cut = Math.floor(random() * stream.byteLength)
    const first = reader.read(stream.subarray(0, cut))
    const result = first.ok ? reader.read(stream.subarray(cut)) : first
    if (!result.ok) tally.refused += isWireCode(result.error.code) ? 1 : Number.NaN
    else if (complete === 0) tally.unread++
  }
  expect(tally.largest).toBeLessThanOrEqual(maxMessageBytes)
  // All three happen: the mutations are neither so wild that nothing gets through nor so tame that all does.
  expect(Math.min(tally.decoded, tally.refused, tally.unread)).toBeGreaterThan(1000)
})

test('[W6] 40,000 mutated control messages are parsed or refused with wire.message-invalid', limit, () => {
  const random = createSeededRandom(2)
  const originals = validControlMessages().map(({ text }) => toText(text))
  const tally = { parsed: 0, refused: 0 }
  for (let round = 0; round < 40_000; round++) {
    const text = mutateText(pick(originals, random), random)
    for (const parsed of [parseRequest(text), parseEvent(text)]) {
      if (parsed.ok) tally.parsed++
      else tally.refused += parsed.error.code === 'wire.message-invalid' ? 1 : Number.NaN
    }
  }
  expect(Math.min(tally.parsed, tally.refused)).toBeGreaterThan(1000)
})

test('[W8] 10,000 mutated pieces of blobs are decoded or refused with wire.message-invalid', limit, () => {
  const random = createSeededRandom(3)
  const original = encodeBlobChunk({ transfer: 1, offset: 5, data: new Uint8Array(64) })
  for (let round = 0; round < 10_000; round++) {
    const decoded = decodeBlobChunk(mutateBytes(original, random))
    if (!decoded.ok) expect(decoded.error.code).toBe('wire.message-invalid')
  }
})

function isWireCode(code: string): boolean {
  return isErrorCode(code) && code.startsWith('wire.')
}

function mutateBytes(original: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array<ArrayBuffer> {
  let bytes = original.slice()
  for (let change = 1 + Math.floor(random() * 4); change > 0; change--) {
    // Half of the changes hit the header, where lengths and types are.
    const at = Math.floor(random() * (random() < 0.5 ? Math.min(frameHeaderBytes, bytes.byteLength) : bytes.byteLength))
    const kind = Math.floor(random() * 6)
    if (kind === 0) bytes[at] = Math.floor(random() * 256)
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
    else if (kind === 2) bytes = bytes.slice(0, at)
    else if (kind === 3) bytes = new Uint8Array([...bytes, ...bytes.subarray(at)])
    else if (kind === 4) bytes.fill(pick([0, 0x7f, 0x80, 0xff], random), at, at + 4)
    else bytes.copyWithin(at, Math.floor(random() * bytes.byteLength), bytes.byteLength)
  }
  return bytes
}

const fragments = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  'null',
  '1e999',
  '-0',
  '\u0000',
  '\ud800',
  '{"type":',
  '0.5',
]

function mutateText(original: string, random: () => number): string {
  let text = original
  for (let change = 1 + Math.floor(random() * 3); change > 0; change--) {
    const at = Math.floor(random() * text.length)
    const end = at + Math.floor(random() * 8)
    const kind = Math.floor(random() * 4)
    if (kind === 0) text = text.slice(0, at) + pick(fragments, random) + text.slice(at)
    else if (kind === 1) text = text.slice(0, at) + text.slice(end)
    else if (kind === 2) text = text.slice(0, at) + text.slice(at, end).repeat(3) + text.slice(end)
    else text = text.slice(0, at) + String(Math.floor(random() * 10)) + text.slice(at + 1)
  }
  return text
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T // the index is within
}
