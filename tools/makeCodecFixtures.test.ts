import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { codecFixtureFolder, makeCodecFixtures } from './makeCodecFixtures.ts'

it.each([...makeCodecFixtures()])('%s is what the codecs make today', (name, made) => {
  expect(Buffer.compare(readFileSync(join(codecFixtureFolder, name)), made)).toBe(0)
})
