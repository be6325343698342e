import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { colliflow, repository } from '../support/colliflow.ts'
import { tempFolder } from '../support/tempFolder.ts'

const example = join(repository, 'examples/photo-split.graph.json')
const photos = join(repository, 'models/photos')

/** The example in a folder of its own; `change` edits the document before it is written. */
function exampleWith(
  change: (document: { nodes: Record<string, { params: Record<string, unknown> }> }) => void,
): string {
  const folder = tempFolder()
  const document = JSON.parse(readFileSync(example, 'utf8'))
  change(document)
  cpSync(join(repository, 'examples/calibrations'), join(folder, 'calibrations'), { recursive: true })
  const file = join(folder, 'changed.graph.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

function csv(text: string): string {
  const file = join(tempFolder(), 'labels.csv')
  writeFileSync(file, text)
  return file
}

describe('colliflow calibrate', () => {
  it('fits a changed cut and other levels, writes a calibration under its hash, and the graph runs with it', async () => {
    const file = exampleWith(({ nodes }) => void Object.assign(nodes.pack?.params ?? {}, { levels: 8 }))
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('block10/add', 'block6/add'))
    const before = await colliflow(['validate', file, '--json'])
    expect(before.lines).toContainEqual(expect.objectContaining({ code: 'graph.calibration-mismatch' }))

    const { exitCode, lines } = await colliflow(['calibrate', file, '--photos', photos, '--json'])
    expect(exitCode).toBe(0)
    expect(lines).toEqual([{ type: 'calibration', node: 'pack', hash: expect.any(String), photos: 6, levels: 8 }])
    const hash = String(lines[0]?.hash)
    const text = readFileSync(join(file, '../calibrations', `${hash}.json`))
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash)
    expect(JSON.parse(readFileSync(file, 'utf8')).nodes.pack.params).toEqual({ levels: 8, calibration: hash })

    expect(await colliflow(['validate', file])).toMatchObject({ exitCode: 0 })
    const run = await colliflow(['run', file, '--input', photos, '--json'])
    expect(run.lines.at(-1)).toMatchObject({ type: 'summary', frames: 6 })
  })

  it.each([
    ['a graph without a codec', 'graph.calibration-missing', noCodec, photos],
    ['a level count out of range', 'graph.params-invalid', oneLevel, photos],
    ['a folder that is not there', 'file.not-found', nothing, 'nowhere'],
  ])('refuses %s and leaves the file as it was', async (_what, code, change, folder) => {
    const file = exampleWith(change)
    const before = readFileSync(file, 'utf8')
    const { exitCode, lines } = await colliflow(['calibrate', file, '--photos', folder, '--json'])
    expect(lines.at(-1)).toMatchObject({ type: 'error', code })
    expect(exitCode).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('refuses pictures that are none', async () => {
    const folder = join(tempFolder(), 'photos')
    mkdirSync(folder)
    writeFileSync(join(folder, 'a.jpg'), 'not a picture')
    const file = exampleWith(nothing)
    const { exitCode, lines } = await colliflow(['calibrate', file, '--photos', folder, '--json'])
    expect(lines.at(-1)).toMatchObject({ type: 'error', message: expect.stringContaining(folder) })
    expect(exitCode).toBe(1)
  })
})

describe('colliflow evaluate', () => {
  it('counts what is right among the labelled pictures, and agreement among all of them', async () => {
    const folder = join(tempFolder(), 'photos')
    mkdirSync(folder)
    for (const name of ['parrot.jpg', 'sunflower.png', 'bird.png', 'hot_dog.jpg']) {
      copyFileSync(join(photos, name), join(folder, name))
    }
    writeFileSync(join(folder, 'broken.jpg'), 'not a picture')
    // ImageNet: 88 macaw, 985 daisy, 19 chickadee; the hot dog (934) has a wrong label on purpose, and one file is absent.
    const labels = csv(
      '\uFEFFclass_index,"file"\r\n88,parrot.jpg\r\n985,"sunflower.png"\r\n0,hot_dog.jpg\r\n7,absent.jpg\r\n',
    )
    const { exitCode, lines, stderr } = await colliflow([
      ...['evaluate', example, '--photos', folder, '--labels', labels, '--json'],
    ])
    expect(exitCode).toBe(0)
    expect(lines).toEqual([
      {
        frames: 4,
        top1: 2 / 3,
        top5: 2 / 3,
        agreement: 1,
        wireBytesPerFrame: expect.any(Number),
        latencyMs: { p50: expect.any(Number), p95: expect.any(Number) },
        uncut: { top1: 2 / 3, top5: 2 / 3 },
        skipped: 1,
      },
    ])
    expect(lines[0]?.wireBytesPerFrame).toBeGreaterThan(1000)
    expect(lines[0]?.wireBytesPerFrame).toBeLessThan(6 * 1024)
    expect(stderr).toContain('broken.jpg')
  })

  it.each([
    ['a file without the columns', 'name,class\nparrot.jpg,88\n', 'file.unreadable', 1, 'class_index'],
    ['a line without a class', 'file,class_index\nparrot.jpg,88\nbird.png,chickadee\n', 'file.unreadable', 1, 'line 3'],
    ['a negative class', 'file,class_index\nparrot.jpg,-1\n', 'file.unreadable', 1, 'line 2'],
    ['labels of other pictures', 'file,class_index\nval_1.jpg,88\n', 'usage.invalid', 2, 'val_1.jpg'],
    ['no labels at all', 'file,class_index\n', 'usage.invalid', 2, 'no lines'],
    ['a label file that is not there', 'nowhere.csv', 'file.not-found', 1, 'nowhere.csv'],
  ])('refuses %s and says where', async (_what, text, code, exitCode, where) => {
    const labels = text.includes(',') ? csv(text) : text
    const finished = await colliflow(['evaluate', example, '--photos', photos, '--labels', labels, '--json'])
    expect(finished.lines).toEqual([{ type: 'error', code, message: expect.stringContaining(where) }])
    expect(finished.exitCode).toBe(exitCode)
  })

  it('asks for labels when they are not given', async () => {
    const finished = await colliflow(['evaluate', example, '--photos', photos, '--json'])
    expect(finished.lines).toEqual([
      { type: 'error', code: 'usage.invalid', message: expect.stringContaining('--labels') },
    ])
    expect(finished.exitCode).toBe(2)
  })
})

describe('colliflow models pull', () => {
  /** A hub on loopback; gives its address and the paths that were asked for. */
  async function serve(status: number, body: string): Promise<{ readonly baseUrl: string; readonly asked: string[] }> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo // a listening TCP server has one
    return { baseUrl: `http://127.0.0.1:${port}/hub`, asked }
  }

  const { bytes, path } = JSON.parse(readFileSync(join(repository, 'models/catalogue.json'), 'utf8')).models.find(
    ({ name }: { name: string }) => name === 'MNIST-12-int8',
  ) as { bytes: number; path: string } // our own file, checked by the catalogue's tests

  it('asks the address of --from for the path of the catalogue, and keeps nothing of what has another SHA-256', async () => {
    const { baseUrl, asked } = await serve(200, 'x'.repeat(bytes))
    const home = tempFolder()
    const { exitCode, lines } = await colliflow(['models', 'pull', 'MNIST-12-int8', '--from', baseUrl, '--json'], {
      env: { COLLIFLOW_HOME: home },
    })
    expect(asked).toEqual([`/hub/${path}`])
    expect(lines).toEqual([{ type: 'error', code: 'model.hash-mismatch', message: expect.stringContaining(baseUrl) }])
    expect(exitCode).toBe(1)
    expect(readdirSync(join(home, 'downloads'))).toEqual([])
  })

  it('says what a server answered that does not have the file', async () => {
    const { baseUrl } = await serve(404, 'no such model')
    const { exitCode, lines } = await colliflow(['models', 'pull', 'MNIST-12-int8', '--from', baseUrl, '--json'], {
      env: { COLLIFLOW_HOME: tempFolder() },
    })
    expect(lines).toEqual([{ type: 'error', code: 'model.download-failed', message: expect.stringContaining('404') }])
    expect(exitCode).toBe(1)
  })

  it('refuses an address to fetch from that is none', async () => {
    const { exitCode, lines } = await colliflow(['models', 'pull', 'ResNet50', '--from', 'banana', '--json'])
    expect(lines).toEqual([{ type: 'error', code: 'usage.invalid', message: expect.stringContaining('banana') }])
    expect(exitCode).toBe(2)
  })

  it('proposes names for one that the catalogue does not have', async () => {
    const { exitCode, lines } = await colliflow(['models', 'pull', 'resnet-50', '--json'])
    expect(lines).toEqual([{ type: 'error', code: 'model.not-found', message: expect.stringContaining('ResNet50') }])
    expect(exitCode).toBe(1)
  })
})

function nothing(): void {
  // the example as it is
}

function noCodec(document: { nodes: Record<string, unknown> }): void {
  delete document.nodes.pack
}

function oneLevel({ nodes }: { nodes: Record<string, { params: Record<string, unknown> }> }): void {
  Object.assign(nodes.pack?.params ?? {}, { levels: 1 })
}
