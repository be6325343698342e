import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCodes } from '../src/shared/errors/codes.ts'

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
const paragraphs = page
  .split(/^(?=#{2,3} )/m)
  .filter((section) => section.startsWith('### '))
  .map((section) => {
    const [heading = '', ...lines] = section.split('\n')
    return { code: heading.match(/^### `(.+)`$/)?.[1] ?? heading, text: lines.join(' ').trim() }
  })

test('docs/errors.md has one paragraph for each error code and none for others', () => {
  expect(paragraphs.map(({ code }) => code).sort()).toEqual(Object.keys(errorCodes).sort())
})

test('each paragraph of docs/errors.md has at least two sentences', () => {
  const short = paragraphs.filter(({ text }) => text.split(/[.;:?](?=\s|$)/).filter((part) => part.trim()).length < 2)
  expect(short).toEqual([])
})
