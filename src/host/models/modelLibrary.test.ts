import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../../test/support/tempFolder.ts'
import { sha256 } from '../../node/sha256.ts'
import { type Result, unwrap } from '../../shared/errors/result.ts'
import { presets } from '../../shared/node-kinds/presets.ts'
import { buildModel } from '../../shared/onnx/testing/buildModel.ts'
import { inception } from '../../shared/onnx/testing/inception.ts'
import { packageRoot } from '../packageRoot.ts'
import { writeModelCard } from './modelCard.ts'
import { createModelLibrary } from './modelLibrary.ts'

const other = buildModel({
  inputs: { x: { shape: ['N', 3] } },
  outputs: { y: { shape: ['N', 3] } },
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
})

/** A library with an empty cache, and two ONNX files outside of it. */
function setUp() {
  const folder = tempFolder()
  const cacheFolder = join(folder, 'cache')
  const file = join(folder, 'small net.onnx')
  const otherFile = join(folder, 'other.onnx')
  writeFileSync(file, inception())
  writeFileSync(otherFile, other)
  return { folder, cacheFolder, file, otherFile, library: createModelLibrary({ cacheFolder }) }
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'fine' : result.error.code
}

describe('the shipped models', () => {
  test('are one network whose card says what its file says', async () => {
    const { library } = setUp()
    expect((await library.list()).map(({ name, origin }) => [name, origin])).toEqual([['mobilenet_v2', 'shipped']])
    const { entry, summary, bytes } = unwrap(await library.load('mobilenet_v2'))
    expect(entry).toMatchObject({
      sha256: sha256(bytes),
      bytes: bytes.length,
      inputs: summary.inputs,
      outputs: summary.outputs,
    })
    expect(entry).toMatchObject({ licence: 'Apache-2.0', preset: 'imagenet-tf', labels: 'imagenet' })
    expect(Object.keys(presets)).toContain(entry.preset)
    expect(summary).toMatchObject({
      name: 'mobilenet_v2',
      hash: sha256(bytes),
      preset: 'imagenet-tf',
      labels: 'imagenet',
    })
  })

  test('come with the names of the thousand classes of ImageNet, short and in their order', async () => {
    const { names } = unwrap(await setUp().library.loadLabelSet('imagenet'))
    expect([names.length, names[0], names[207], names[934], names[999]]).toEqual([
      1000,
      'tench',
      'golden retriever',
      'hotdog',
      'toilet tissue',
    ])
    expect(names.filter((name) => name.includes(',') || name.trim() === '')).toEqual([])
  })

  test('come with six photos, each of them with its licence', () => {
    const folder = join(packageRoot(), 'models', 'photos')
    const photos = readdirSync(folder).filter((name) => name !== 'LICENSES.md')
    const text = readFileSync(join(folder, 'LICENSES.md'), 'utf8')
    expect(photos).toHaveLength(6)
    expect(photos.filter((name) => !text.includes(`| ${name} |`))).toEqual([])
  })
})

describe('add', () => {
  test('copies a file by its hash, under the name of the file, and later libraries find it', async () => {
    const { library, cacheFolder, file } = setUp()
    const entry = unwrap(await library.add(file, { preset: 'imagenet-torch', labels: 'imagenet' }))
    expect(entry).toMatchObject({ name: 'small-net', origin: 'added', preset: 'imagenet-torch', labels: 'imagenet' })
    expect(entry.inputs).toEqual({ input: { dtype: 'float32', shape: ['N', 3, 16, 16], layout: 'NCHW' } })
    expect(entry.file).toBe(join(cacheFolder, 'models', `${sha256(inception())}.onnx`))
    expect(readFileSync(entry.file).equals(readFileSync(file))).toBe(true)
    const later = createModelLibrary({ cacheFolder })
    expect((await later.list()).map(({ name }) => name)).toEqual(['mobilenet_v2', 'small-net'])
    expect(unwrap(await later.load('small-net')).summary.outputs).toEqual({
      scores: { dtype: 'float32', shape: ['N', 5] },
    })
  })

  test('changes nothing when the same file is added again, and only the card when more is said about it', async () => {
    const { library, cacheFolder, file } = setUp()
    const first = unwrap(await library.add(file, { preset: 'imagenet-tf' }))
    expect(unwrap(await library.add(file))).toEqual(first)
    expect(unwrap(await library.add(file, { labels: 'imagenet' }))).toEqual({ ...first, labels: 'imagenet' })
    expect(readdirSync(join(cacheFolder, 'models')).sort()).toEqual(
      [`${first.sha256}.onnx`, 'small-net.card.json'].sort(),
    )
  })

  test('gives a name to another network only when told to replace', async () => {
    const { library, file, otherFile } = setUp()
    await library.add(file, { name: 'net' })
    expect(codeOf(await library.add(otherFile, { name: 'net' }))).toBe('model.exists')
    expect(unwrap(await library.load('net')).entry.sha256).toBe(sha256(inception()))
    expect(unwrap(await library.add(otherFile, { name: 'net', replace: true })).sha256).toBe(sha256(other))
    expect(unwrap(await library.load('net')).summary.inputs).toEqual({ x: { dtype: 'float32', shape: ['N', 3] } })
    expect(codeOf(await library.add(otherFile, { name: 'mobilenet_v2' }))).toBe('model.exists')
  })

  test('stores one file for two names', async () => {
    const { library, cacheFolder, file } = setUp()
    await library.add(file, { name: 'a' })
    await library.add(file, { name: 'b' })
    expect(readdirSync(join(cacheFolder, 'models')).filter((name) => name.endsWith('.onnx'))).toHaveLength(1)
  })

  test('takes labels from a text file with a name a line', async () => {
    const { library, folder, file } = setUp()
    const labels = join(folder, 'five classes.txt')
    writeFileSync(labels, '\uFEFFcat\r\ndog\r\n\r\nhot dog\nfish\n\n')
    const entry = unwrap(await library.add(file, { labels }))
    expect(entry.labels).toBe('five-classes')
    expect(unwrap(await library.loadLabelSet('five-classes')).names).toEqual(['cat', 'dog', '', 'hot dog', 'fish'])
  })

  test('never changes a label set that others use', async () => {
    const { library, folder, file } = setUp()
    const labels = join(folder, 'imagenet.txt')
    writeFileSync(labels, 'only one')
    const entry = unwrap(await library.add(file, { labels }))
    expect(entry.labels).toMatch(/^imagenet-[0-9a-f]{8}$/)
    expect(unwrap(await library.loadLabelSet('imagenet')).names).toHaveLength(1000)
    expect(unwrap(await library.add(file, { labels })).labels).toBe(entry.labels)
  })

  test('refuses, with nothing left in the cache, what is missing, no model, cut short, or names unknown labels', async () => {
    const { library, folder, cacheFolder, file } = setUp()
    const broken = join(folder, 'broken.onnx')
    writeFileSync(broken, inception().subarray(0, 5000))
    const page = join(folder, 'page.onnx')
    writeFileSync(page, '<html></html>')
    expect(codeOf(await library.add(join(folder, 'absent.onnx')))).toBe('file.not-found')
    expect(codeOf(await library.add(folder))).toMatch(/^(usage.invalid|file.unreadable)$/)
    expect(codeOf(await library.add(broken))).toBe('model.truncated')
    expect(codeOf(await library.add(page))).toBe('model.not-onnx')
    expect(codeOf(await library.add(file, { labels: 'imagnet' }))).toBe('model.labels-missing')
    expect(codeOf(await library.add(file, { name: '../up' }))).toBe('usage.invalid')
    expect(existsSync(cacheFolder)).toBe(false)
  })

  test('says so where the cache cannot be written', async () => {
    const { library, cacheFolder, file } = setUp()
    writeFileSync(cacheFolder, 'a file stands in the way')
    expect(codeOf(await library.add(file))).toBe('file.write-failed')
  })
})

describe('a model that cannot be had', () => {
  test('is answered with the names that exist, or the close one', async () => {
    const { library } = setUp()
    const far = await library.load('inception')
    const close = await library.show('mobilenet-v2')
    expect(far.ok ? '' : `${far.error.code} ${far.error.message}`).toMatch(/^model.not-found .*There is mobilenet_v2/)
    expect(close.ok ? '' : close.error.message).toMatch(/Did you mean mobilenet_v2\?/)
    expect(codeOf(await library.show('../../package'))).toBe('model.not-found')
  })

  test('is refused where its file was changed, and adding it again mends it', async () => {
    const { cacheFolder, file, library } = setUp()
    const entry = unwrap(await library.add(file))
    const bytes = readFileSync(entry.file)
    bytes[4000] = (bytes[4000] ?? 0) ^ 1
    writeFileSync(entry.file, bytes)
    expect(codeOf(await createModelLibrary({ cacheFolder }).load('small-net'))).toBe('model.hash-mismatch')
    await library.add(file)
    expect(codeOf(await createModelLibrary({ cacheFolder }).load('small-net'))).toBe('fine')
  })

  test('is left out of the list and explained by load where its card is damaged', async () => {
    const { cacheFolder, library } = setUp()
    mkdirSync(join(cacheFolder, 'models'), { recursive: true })
    writeFileSync(join(cacheFolder, 'models', 'odd.card.json'), '{"name": "odd"}')
    expect((await library.list()).map(({ name }) => name)).toEqual(['mobilenet_v2'])
    const loaded = await library.load('odd')
    expect(loaded.ok ? '' : `${loaded.error.code} ${loaded.error.message}`).toMatch(/^file.unreadable .*odd.card.json/)
  })

  test('cannot lead out of the cache by a card with a foreign hash', async () => {
    const { cacheFolder, library } = setUp()
    mkdirSync(join(cacheFolder, 'models'), { recursive: true })
    const card = { name: 'odd', inputs: {}, outputs: {}, sha256: '../../secret', bytes: 1 }
    writeFileSync(join(cacheFolder, 'models', 'odd.card.json'), writeModelCard(card))
    expect(codeOf(await library.load('odd'))).toBe('file.unreadable')
  })
})

test('cuts gives the cuts of a model by its name', async () => {
  const { library } = setUp()
  const { cuts } = unwrap(await library.cuts('mobilenet_v2', 1))
  expect(cuts.find(({ id }) => id === 'block10/add')).toMatchObject({
    tensors: [{ shape: ['N', 64, 14, 14] }],
    bytes: 50_176,
  })
  expect(codeOf(await library.cuts('none'))).toBe('model.not-found')
})
