import { execFileSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/node/sha256.ts'
import { BlobStore } from './blobStore.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colliflow-blobs-'))
})
afterEach(() => rm(folder, { recursive: true }))

const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251)
const hash = sha256(content)

function createStore(budgetBytes = 1e9): BlobStore {
  return new BlobStore({ folder, maxBlobBytes: 1e6, budgetBytes })
}

async function put(store: BlobStore, bytes: Uint8Array): Promise<string> {
  const name = sha256(bytes)
  const upload = await store.beginUpload(name, bytes.byteLength)
  if (!upload.complete) await upload.write(0, bytes)
  return name
}

test('keeps a blob that arrives in pieces and says when it is complete', async () => {
  const store = createStore()
  const upload = await store.beginUpload(hash, content.byteLength)
  expect(upload.offset).toBe(0)
  expect(await upload.write(0, content.subarray(0, 100_000))).toBe(false)
  expect(await store.has(hash)).toBe(false)
  expect(await upload.write(100_000, content.subarray(100_000))).toBe(true)
  expect(await store.read(hash)).toEqual(content)
  expect(await readdir(folder)).toEqual([hash])
})

test('a blob that is held needs no byte more, also after a restart', async () => {
  await put(createStore(), content)
  const again = await createStore().beginUpload(hash, content.byteLength)
  expect(again).toMatchObject({ offset: content.byteLength, complete: true })
})

test('an upload that broke off is resumed where it stopped and still verified', async () => {
  const first = await createStore().beginUpload(hash, content.byteLength)
  await first.write(0, content.subarray(0, 123_456))
  await first.suspend()
  const store = createStore()
  const second = await store.beginUpload(hash, content.byteLength)
  expect(second.offset).toBe(123_456)
  expect(await second.write(123_456, content.subarray(123_456))).toBe(true)
  expect(await store.read(hash)).toEqual(content)
})

test('an empty blob is stored by its announcement', async () => {
  const store = createStore()
  const name = sha256(new Uint8Array(0))
  expect((await store.beginUpload(name, 0)).complete).toBe(true)
  expect(await store.read(name)).toEqual(new Uint8Array(0))
})

test('bytes that do not have the hash are refused and leave nothing behind', async () => {
  const store = createStore()
  const upload = await store.beginUpload(hash, content.byteLength)
  await expect(upload.write(0, new Uint8Array(content.byteLength))).rejects.toMatchObject({
    code: 'device.blob-mismatch',
  })
  expect(await readdir(folder)).toEqual([])
  const again = await store.beginUpload(hash, content.byteLength)
  expect(again.offset).toBe(0)
  await again.suspend()
})

test('two clients may upload one blob at the same time', async () => {
  const store = createStore()
  const a = await store.beginUpload(hash, content.byteLength)
  const b = await store.beginUpload(hash, content.byteLength)
  await Promise.all([a.write(0, content.subarray(0, 1000)), b.write(0, content.subarray(0, 2000))])
  expect(await b.write(2000, content.subarray(2000))).toBe(true)
  expect(await a.write(1000, content.subarray(1000))).toBe(true)
  expect(await readdir(folder)).toEqual([hash])
  expect(await store.read(hash)).toEqual(content)
})

test('a piece at a wrong place, or too long, is wire.message-invalid', async () => {
  const upload = await createStore().beginUpload(hash, content.byteLength)
  await expect(upload.write(5, content.subarray(5, 10))).rejects.toMatchObject({ code: 'wire.message-invalid' })
  const tooLong = new Uint8Array(content.byteLength + 1)
  await expect(upload.write(0, tooLong)).rejects.toMatchObject({ code: 'wire.message-invalid' })
  await upload.suspend()
})

test('a blob above the limit is refused before any byte is sent', async () => {
  await expect(createStore().beginUpload(hash, 1e6 + 1)).rejects.toMatchObject({ code: 'device.limit-exceeded' })
})

test('a blob that is not there is device.blob-missing, to read and to pin', async () => {
  await expect(createStore().read(hash)).rejects.toMatchObject({ code: 'device.blob-missing' })
  await expect(createStore().pin(hash)).rejects.toMatchObject({ code: 'device.blob-missing' })
})

test('beyond the budget the least recently used blobs go, but none that is in use', async () => {
  const store = createStore(2500)
  const [a, b, c] = [1, 2, 3].map((fill) => new Uint8Array(1000).fill(fill))
  const first = await put(store, a ?? content)
  const second = await put(store, b ?? content)
  const unpin = await store.pin(first)
  await utimes(join(folder, first), 1, 1)
  await utimes(join(folder, second), 2, 2)
  const third = await put(store, c ?? content)
  expect((await readdir(folder)).sort()).toEqual([first, third].sort())
  unpin()
})

/** A file system of 64 KiB, mounted for one test; only root on Linux may. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount()

function tryMount(): boolean {
  const probe = join(tmpdir(), `colliflow-mount-${process.pid}`)
  try {
    mkdirSync(probe, { recursive: true })
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' })
    execFileSync('/bin/umount', [probe])
    rmdirSync(probe)
    return true
  } catch {
    return false // no right to mount here: the test below is left out
  }
}

describe.runIf(canMount)('on a file system of 64 KiB', () => {
  beforeEach(() => void execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]))
  afterEach(() => void execFileSync('/bin/umount', [folder]))

  test('a blob that does not fit is device.disk-full and leaves the room free for one that does', async () => {
    const store = createStore()
    const upload = await store.beginUpload(hash, content.byteLength)
    await expect(upload.write(0, content)).rejects.toMatchObject({ code: 'device.disk-full' })
    expect(await readdir(folder)).toEqual([])
    const small = await put(store, content.subarray(0, 40_000))
    expect(await store.has(small)).toBe(true)
  })
})
