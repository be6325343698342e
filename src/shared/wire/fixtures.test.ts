import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type DataMessage, decodeFrame } from './decodeFrame.ts'
import { toLinkSchema } from './linkSchema.ts'
import { parseEvent, parseRequest } from './parseControl.ts'
import { encodePayload } from './tensorPayload.ts'
import {
  type ControlFixture,
  malformedControlMessages,
  toText,
  validControlMessages,
} from './testing/controlFixtures.ts'
import { makeFixtureFiles } from './testing/fixtureFiles.ts'
import { fixtureMaxFrameBytes, fixtureSchemas, malformedFrames, validFrames } from './testing/wireFixtures.ts'

const folder = new URL('./fixtures/', import.meta.url)
const decodeOptions = {
  maxFrameBytes: fixtureMaxFrameBytes,
  schemas: fixtureSchemas.map((spec, id) => toLinkSchema(id, spec)),
}

test('the fixture files are what this version encodes', () => {
  const files = makeFixtureFiles()
  expect(readdirSync(folder).sort()).toEqual(['README.md', ...Object.keys(files)].sort())
  for (const [name, content] of Object.entries(files)) {
    const found = readFileSync(new URL(name, folder))
    expect(found.equals(Buffer.from(content)), name).toBe(true)
  }
})

test('[W12] each golden frame decodes to what was encoded', () => {
  for (const { name, message, expect: expected } of validFrames()) {
    const decoded = decodeFrame(message, decodeOptions)
    expect(decoded.ok ? describe(decoded.value) : decoded.error, name).toEqual(expected)
  }
})

test('[W12-W24] each malformed frame is refused with its code and the rule that it breaks', () => {
  const fixtures = malformedFrames()
  expect(fixtures.length).toBeGreaterThanOrEqual(100)
  const found = fixtures.map(({ name, message }) => {
    const decoded = decodeFrame(message, decodeOptions)
    return { name, ...(!decoded.ok && { code: decoded.error.code, rule: decoded.error.details.rule }) }
  })
  expect(found).toEqual(fixtures.map(({ name, code, rule }) => ({ name, code, rule })))
})

test('[W6] each golden control message parses to itself', () => {
  for (const fixture of validControlMessages()) {
    const parsed = parse(fixture)
    expect(parsed.ok ? parsed.value : parsed.error, fixture.name).toEqual(JSON.parse(toText(fixture.text)))
  }
})

test('[W2, W3, W6] each malformed control message is refused with wire.message-invalid', () => {
  const fixtures = malformedControlMessages()
  expect(fixtures.length).toBeGreaterThanOrEqual(60)
  const accepted = fixtures.filter((fixture) => {
    const parsed = parse(fixture)
    return parsed.ok || parsed.error.code !== 'wire.message-invalid'
  })
  expect(accepted).toEqual([])
})

function parse({ from, isFirst = false, text }: ControlFixture) {
  return from === 'client' ? parseRequest(toText(text), { isFirst }) : parseEvent(toText(text))
}

function describe(message: DataMessage): Record<string, unknown> {
  if (message.type === 'fail') {
    const { epoch, error } = message
    return { type: 'fail', epoch, code: error.code, message: error.message }
  }
  if (message.type !== 'tensor') return { ...message }
  const { tensor, seq, origin } = message.frame
  const payload = Buffer.from(encodePayload(tensor)).toString('hex')
  return {
    type: 'tensor',
    epoch: message.epoch,
    seq,
    origin,
    dtype: tensor.dtype,
    shape: tensor.shape,
    payload,
  }
}
