import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../../errors/result.ts'
import { parseGraph, parseGraphJson } from '../parseGraph.ts'
import { writeGraph } from '../writeGraph.ts'

const read = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

describe('[G2] a file of version 0', () => {
  test('is read as the graph that it described, unknown kinds and fields included', () => {
    const graph = unwrap(parseGraph(read('version0.graph.json')))
    expect(writeGraph(graph)).toBe(read('version0-as-version1.graph.json'))
  })

  test.each([
    [{ nodes: [], edges: [] }, 'nodes: expected an object'],
    [{ nodes: {}, edges: {} }, 'edges: expected an array'],
    [{ nodes: { a: 1 }, edges: [] }, 'nodes.a: expected an object'],
    [{ nodes: {}, edges: [null] }, 'edges.0: expected an object'],
    [{ nodes: {}, edges: [{ source: 'a', sourcePort: 1 }] }, 'edges.0.sourcePort: expected string'],
  ])('is refused with the path of the fault: %j', (document, message) => {
    const parsed = parseGraphJson({ format: 'colliflow.graph', version: 0, ...document })
    expect(parsed.ok ? undefined : parsed.error).toMatchObject({
      code: 'graph.schema-invalid',
      message: `Graph file of version 0, ${message}.`,
    })
  })
})
