import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { parseGraph } from './parseGraph.ts'
import { writeGraph } from './writeGraph.ts'

const page = readFileSync(new URL('../../../docs/graph-format.md', import.meta.url), 'utf8')

test('[G12] the example of docs/graph-format.md is a document in canonical form', () => {
  const example = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  expect(writeGraph(unwrap(parseGraph(example)))).toBe(example)
})
