import { mkdirSync, writeFileSync } from 'node:fs'
import { makeFixtureFiles } from '../src/shared/wire/testing/fixtureFiles.ts'

// Run after a deliberate change of the wire format: `node tools/makeWireFixtures.ts`. A test compares.
const folder = new URL('../src/shared/wire/fixtures/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(makeFixtureFiles())) writeFileSync(new URL(name, folder), content)
