import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { type Graph, graphFormat } from './graph.ts'
import { parseGraph, parseGraphJson } from './parseGraph.ts'
import { arbitraryGraph } from './testing/arbitraryGraph.ts'
import { writeGraph } from './writeGraph.ts'

const valid = {
  format: graphFormat,
  version: 1,
  title: 'Split',
  devices: { phone: { role: 'edge' } },
  nodes: {
    camera: { kind: 'image-folder', device: 'phone', params: { path: 'photos' } },
    front: { kind: 'onnx-model', device: 'phone' },
  },
  wires: [{ from: 'camera.image', to: 'front.block10/add.1' }],
}

function refusal(document: unknown) {
  const parsed = parseGraphJson(document)
  if (parsed.ok) throw new Error('the document was accepted')
  return { code: parsed.error.code, message: parsed.error.message }
}

function textRefusal(text: string) {
  const parsed = parseGraph(text)
  if (parsed.ok) throw new Error('the text was accepted')
  return { code: parsed.error.code, message: parsed.error.message }
}

describe('a document', () => {
  test('[G5] [G6] is read with empty params and layout where it has none', () => {
    expect(unwrap(parseGraphJson(valid))).toEqual({
      title: 'Split',
      devices: { phone: { role: 'edge' } },
      nodes: {
        camera: { kind: 'image-folder', device: 'phone', params: { path: 'photos' } },
        front: { kind: 'onnx-model', device: 'phone', params: {} },
      },
      wires: [{ from: 'camera.image', to: 'front.block10/add.1' }],
      layout: {},
    })
  })

  test('is read with a byte order mark before it', () => {
    expect(parseGraph(`\uFEFF${JSON.stringify(valid)}`).ok).toBe(true)
  })

  test('[G12] that is written and read again is the same graph', () => {
    const sorted = (graph: Graph) => ({ ...graph, wires: new Set(graph.wires) })
    fc.assert(
      fc.property(arbitraryGraph, (graph) => {
        expect(sorted(unwrap(parseGraph(writeGraph(graph))))).toEqual(sorted(graph))
      }),
      { numRuns: 300 },
    )
  })

  test('[G7] [G11] keeps unknown kinds with their params, and unknown fields at every level', () => {
    const document = {
      ...valid,
      extras: 'a field that is called extras',
      theme: { dark: true },
      devices: { phone: { role: 'edge', colour: [1, null] } },
      nodes: { odd: { kind: 'from-the-future', params: { deep: { z: 1 } }, pinned: true } },
      wires: [{ from: 'odd.x', to: 'odd.y', policy: 'block', note: 'loop' }],
    }
    const graph = unwrap(parseGraphJson(document))
    expect(graph.extras).toEqual({ extras: document.extras, theme: document.theme })
    expect(graph.nodes.odd).toEqual({
      kind: 'from-the-future',
      params: { deep: { z: 1 } },
      extras: { pinned: true },
    })
    expect(JSON.parse(writeGraph(graph))).toEqual({ ...document, layout: {} })
  })

  test.each([
    ['block', { kind: 'block' }],
    ['latest', { kind: 'latest' }],
    [
      { kind: 'drop-newest', capacity: 3 },
      { kind: 'drop-newest', capacity: 3 },
    ],
    [
      { kind: 'sample', fps: 0.5 },
      { kind: 'sample', fps: 0.5 },
    ],
  ])('[G10] may give a wire the policy %j', (policy, expected) => {
    const graph = unwrap(parseGraphJson({ ...valid, wires: [{ from: 'camera.image', to: 'front.x', policy }] }))
    expect(graph.wires[0]?.policy).toEqual(expected)
  })
})

describe('text that is no JSON is refused with line and column', () => {
  test.each([
    ['{\n  "format": "x",\n}', 'line 3, column 1: expected a key in quotes, found "}"'],
    ['{ "a": [1 2] }', 'line 1, column 11: expected "," or "]", found "2"'],
    ['{ "a": tru }', 'line 1, column 8: expected a value, found "t"'],
    ['{ "a": "x\ny" }', 'line 1, column 10: expected a closing quote, found "\\n"'],
    ['{ "a": "\\x" }', 'line 1, column 9: expected a valid escape such as \\n or \\u0041, found "\\\\"'],
    ['{ "a" 1 }', 'line 1, column 7: expected ":", found "1"'],
    ['{ "a": 01 }', 'line 1, column 8: expected a value, found "0"'],
    ['[1]\n\n x', 'line 3, column 2: expected the end of the file, found "x"'],
    ['{\n "a": {', 'line 2, column 8: expected a key in quotes or "}", found the end of the file'],
    ['', 'line 1, column 1: expected a value, found the end of the file'],
  ])('%j', (text, where) => {
    expect(textRefusal(text)).toEqual({
      code: 'graph.not-json',
      message: `The graph file is not JSON: ${where}. Mend the text there.`,
    })
  })

  test('wherever a valid file was cut off or changed', () => {
    const text = JSON.stringify(valid, undefined, 1)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('', '}', '"', ',', '\\', '0', 'e'), (at, inserted) => {
        const mutant = text.slice(0, at) + inserted + (inserted === '' ? '' : text.slice(at))
        let isJson = true
        try {
          JSON.parse(mutant)
        } catch {
          isJson = false // the engine is the judge of what is JSON
        }
        if (!isJson) expect(textRefusal(mutant).message).toMatch(/line \d+, column \d+: expected .*, found /)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a document is refused', () => {
  test.each([[null], [[]], ['x'], [{}], [{ format: 'other', version: 1 }]])('[G1] if it is %j, by its format', (it) => {
    expect(refusal(it).code).toBe('graph.format-unknown')
  })

  test('[G2] if a newer version wrote it, with the advice to update', () => {
    expect(refusal({ ...valid, version: 7 })).toEqual({
      code: 'graph.version-unsupported',
      message: 'The graph file has version 7; this program reads versions up to 1. Update ColliFlow to open it.',
    })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['version', { version: '1' }, 'version: expected a whole number from 0 to 1, found "1"'],
    ['version', { version: undefined }, 'version: expected JSON, found undefined'],
    ['title', { title: 4 }, 'title: expected string, found 4'],
    ['nodes', { nodes: [] }, 'nodes: expected record, found an array of 0'],
    ['nodes', { nodes: { a: { kind: 3 } } }, 'nodes.a.kind: expected string, found 3'],
    ['nodes', { nodes: { a: {} } }, 'nodes.a.kind: expected string, found nothing'],
    ['params', { nodes: { a: { kind: 'x', params: [] } } }, 'nodes.a.params: expected object, found an array of 0'],
    [
      'role',
      { devices: { a: { role: 'fog' } } },
      'devices.a.role: Invalid option: expected one of "edge"|"cloud", found "fog"',
    ],
    ['wires', { wires: [{ from: 'a', to: 'b.c' }] }, 'wires.0.from: a wire end is "node.port"'],
    ['wires', { wires: ['a.b'] }, 'wires.0: expected object, found "a.b"'],
    ['policy', { wires: [{ from: 'a.b', to: 'b.c', policy: 'drop' }] }, 'wires.0.policy: expected "block", "latest"'],
    [
      'policy',
      { wires: [{ from: 'a.b', to: 'b.c', policy: { kind: 'drop-oldest', capacity: 0 } }] },
      'wires.0.policy.capacity: Too small: expected number to be >=1, found 0',
    ],
    ['layout', { layout: { a: [1] } }, 'layout.a: '],
  ])('[G5] if %s is wrong: %j', (_field, change, message) => {
    const { code, message: found } = refusal({ ...valid, ...change })
    expect(code).toBe('graph.schema-invalid')
    expect(found).toContain(`Graph file, ${message}`)
  })

  test.each(['', '1a', 'a.b', 'a b', '$client', 'ä', 'constructor', 'toString', 'x'.repeat(129)])(
    '[G4] if the id of a node is %j',
    (id) => {
      const { code, message } = refusal({ ...valid, nodes: { [id]: { kind: 'x' } }, wires: [] })
      expect(code).toBe('graph.schema-invalid')
      expect(message).toContain('an id starts with a letter')
    },
  )

  test.each(['{"a":{"__proto__":1}}', '{"__proto__":{}}'])('[G3] if it has a key "__proto__": %s', (part) => {
    const text = JSON.stringify({ ...valid, theme: 'HERE' }).replace('"HERE"', part)
    expect(textRefusal(text)).toMatchObject({ code: 'graph.schema-invalid' })
  })

  test('[G3] if a number is too large for a double', () => {
    expect(textRefusal(JSON.stringify({ ...valid, x: 'HERE' }).replace('"HERE"', '1e999')).message).toContain(
      'x: the number',
    )
  })

  test('[G3] if it is nested deeper than 64 levels, whatever the depth', () => {
    const text = JSON.stringify({ ...valid, x: 'HERE' }).replace('"HERE"', `${'['.repeat(1e6)}${']'.repeat(1e6)}`)
    expect(textRefusal(text).message).toContain('more than 64 levels of nesting')
  })

  test('[G3] if it has more than 20,000 nodes or 100,000 wires, before any of them is looked at', () => {
    const nodes = Object.fromEntries(Array.from({ length: 20_001 }, (_, index) => [`n${index}`, null]))
    expect(refusal({ ...valid, nodes }).message).toContain('nodes: expected at most 20000 entries, found 20001')
    const wires = new Array(100_001).fill(null)
    expect(refusal({ ...valid, wires }).message).toContain('wires: expected at most 100000 entries, found 100001')
  })

  test('[G3] if its text is longer than 16 MiB in UTF-8, even where it has fewer characters', () => {
    expect(textRefusal('€'.repeat(6 * 1024 * 1024)).code).toBe('file.too-large')
    expect(textRefusal(' '.repeat(16 * 1024 * 1024)).code).toBe('graph.not-json')
    expect(textRefusal(' '.repeat(16 * 1024 * 1024 + 1)).code).toBe('file.too-large')
  })
})

test('any JSON is either read or refused with a graph code, and never throws', () => {
  const mutated = fc
    .tuple(fc.constantFrom('title', 'devices', 'nodes', 'wires', 'layout', 'version', 'edges'), fc.jsonValue())
    .map(([key, value]) => ({ ...valid, [key]: value }))
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), mutated), (document) => {
      const parsed = parseGraphJson(document)
      if (!parsed.ok) expect(parsed.error.code).toMatch(/^graph\./)
    }),
    { numRuns: 1000 },
  )
})
