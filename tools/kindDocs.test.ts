import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nodeKinds } from '../src/shared/node-kinds/index.ts'
import { kindDocsToMarkdown } from './kindDocs.ts'

test('docs/node-kinds.md is what the list of kinds says: npm run docs:kinds', () => {
  expect(readFileSync(new URL('../docs/node-kinds.md', import.meta.url), 'utf8')).toBe(kindDocsToMarkdown())
})

test('the page shows each kind with every param', () => {
  const page = kindDocsToMarkdown()
  for (const { id, params } of nodeKinds) {
    const section = page.split(`### ${id}\n`)[1]?.split('\n###')[0] ?? ''
    for (const name of Object.keys(params.shape)) expect(section).toContain(`| \`${name}\` |`)
  }
})
