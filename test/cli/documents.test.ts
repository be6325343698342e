import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { colliflow, repository } from '../support/colliflow.ts'
import { tempFolder } from '../support/tempFolder.ts'

const example = join(repository, 'examples/photo-split.graph.json')

interface Document {
  version: number
  devices: Record<string, unknown>
  nodes: Record<string, { kind: string; device?: string; params: Record<string, unknown> }>
  wires: { from: string; to: string }[]
}

/** The example with one thing changed, as a user might break it. */
function broken(change: (document: Document) => void): string {
  const document: Document = JSON.parse(readFileSync(example, 'utf8'))
  change(document)
  const file = join(tempFolder(), 'broken.graph.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

function rewire(document: Document, to: string, from: string): void {
  document.wires = document.wires.filter((wire) => wire.to !== to)
  document.wires.push({ from, to })
}

describe('colliflow validate', () => {
  it('finds nothing wrong with the example', async () => {
    const { exitCode, stdout } = await colliflow(['validate', example, '--json'])
    expect(stdout).toBe('')
    expect(exitCode).toBe(0)
  })

  it.each([
    ['a cycle', 'graph.cycle', (d: Document) => rewire(d, 'crop.image', 'crop.image')],
    [
      'a wire between tensors that do not fit',
      'graph.type-mismatch',
      (d: Document) => rewire(d, 'front.input', 'crop.image'),
    ],
    ['a device that is not listed', 'graph.device-missing', (d: Document) => delete d.devices.server],
    [
      'a kind that is not installed',
      'graph.kind-unknown',
      (d: Document) => Object.assign(d.nodes.crop ?? {}, { kind: 'time-machine' }),
    ],
    [
      'a parameter out of range',
      'graph.params-invalid',
      (d: Document) => Object.assign(d.nodes.pack?.params ?? {}, { levels: 1 }),
    ],
    ['an input without a wire', 'graph.input-unconnected', (d: Document) => d.wires.pop()],
    [
      'a model that is not there',
      'model.not-found',
      (d: Document) => Object.assign(d.nodes.front?.params ?? {}, { model: 'nothing' }),
    ],
    [
      'a tensor that the model does not have',
      'model.tensor-missing',
      (d: Document) => Object.assign(d.nodes.front?.params ?? {}, { outputs: ['block99/add'] }),
    ],
    ['a node without a device', 'graph.node-unplaced', (d: Document) => delete d.nodes.crop?.device],
    [
      'a wire over the border without a transport',
      'graph.wire-crosses-devices',
      (d: Document) => Object.assign(d.nodes.pack ?? {}, { device: 'server' }),
    ],
    ['a calibration that is not beside the graph', 'graph.calibration-missing', () => undefined],
  ])('finds %s, with its place, and exits with 1', async (_what, code, change) => {
    const { exitCode, lines } = await colliflow(['validate', broken((document) => void change(document)), '--json'])
    expect(lines).toContainEqual(
      expect.objectContaining({ code, severity: 'error', at: expect.any(String), message: expect.any(String) }),
    )
    expect(exitCode).toBe(1)
  })

  it('says both specs and the node that would fix a wire', async () => {
    const file = broken((document) => rewire(document, 'front.input', 'crop.image'))
    const { stdout } = await colliflow(['validate', file])
    expect(stdout).toMatch(/uint8 \[224,224,3\].*float32 \[.*3,224,224\]/s)
    expect(stdout).toMatch(/fix: .*normali[sz]e/i)
  })

  it.each([
    ['a newer version', 'graph.version-unsupported', (text: string) => text.replace('"version": 1', '"version": 99')],
    ['another kind of JSON', 'graph.format-unknown', () => '{"name":"package"}'],
    ['no JSON', 'graph.not-json', (text: string) => text.slice(0, 200)],
  ])('refuses %s with its code as the last line', async (_what, code, change) => {
    const file = join(tempFolder(), 'broken.graph.json')
    writeFileSync(file, change(readFileSync(example, 'utf8')))
    const { exitCode, lines } = await colliflow(['validate', file, '--json'])
    expect(lines[0]).toMatchObject({ code, severity: 'error', message: expect.stringContaining(file) })
    expect(lines.at(-1)).toMatchObject({ type: 'error', code })
    expect(exitCode).toBe(1)
  })
})

describe('colliflow fmt', () => {
  it('finds the shipped example canonical', async () => {
    expect((await colliflow(['fmt', example, '--check'])).exitCode).toBe(0)
  })

  it('reports a file that is not canonical without touching it, and rewrites it once', async () => {
    const file = join(tempFolder(), 'loose.graph.json')
    const loose = JSON.stringify(JSON.parse(readFileSync(example, 'utf8')))
    writeFileSync(file, loose)
    expect(await colliflow(['fmt', file, '--check', '--json'])).toMatchObject({
      exitCode: 1,
      lines: [{ type: 'format', canonical: false }],
    })
    expect(readFileSync(file, 'utf8')).toBe(loose)
    expect(await colliflow(['fmt', file, '--json'])).toMatchObject({ exitCode: 0, lines: [{ changed: true }] })
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(example, 'utf8'))
    expect(await colliflow(['fmt', file, '--json'])).toMatchObject({ exitCode: 0, lines: [{ changed: false }] })
  })

  it('leaves a file alone that it cannot read', async () => {
    const file = join(tempFolder(), 'newer.graph.json')
    copyFileSync(example, file)
    const newer = readFileSync(file, 'utf8').replace('"version": 1', '"version": 2')
    writeFileSync(file, newer)
    expect((await colliflow(['fmt', file])).exitCode).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe(newer)
  })
})
