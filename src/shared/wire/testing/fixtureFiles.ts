import { malformedControlMessages, validControlMessages } from './controlFixtures.ts'
import {
  type FrameFixture,
  fixtureMaxFrameBytes,
  fixtureSchemas,
  malformedFrames,
  validFrames,
} from './wireFixtures.ts'

/** The files of src/shared/wire/fixtures by name: for tests of any language. fixtures/README.md says how to read them. */
export function makeFixtureFiles(): Readonly<Record<string, Uint8Array | string>> {
  return {
    ...frameFiles('frames', validFrames()),
    ...frameFiles('malformed-frames', malformedFrames()),
    'control-messages.json': toJson({ messages: validControlMessages() }),
    'malformed-control-messages.json': toJson({ code: 'wire.message-invalid', messages: malformedControlMessages() }),
  }
}

function frameFiles(name: string, fixtures: readonly FrameFixture[]): Readonly<Record<string, Uint8Array | string>> {
  const binary = new Uint8Array(fixtures.reduce((sum, { message }) => sum + message.byteLength, 0))
  let offset = 0
  const frames = fixtures.map(({ message, ...rest }) => {
    binary.set(message, offset)
    offset += message.byteLength
    return { offset: offset - message.byteLength, bytes: message.byteLength, ...rest }
  })
  return {
    [`${name}.bin`]: binary,
    [`${name}.json`]: toJson({ maxFrameBytes: fixtureMaxFrameBytes, schemas: fixtureSchemas, frames }),
  }
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`
}
