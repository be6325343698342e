import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
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

test('two devices may share a folder and take one blob at the same time', async () => {
  const a = await createStore().beginUpload(hash, content.byteLength)
  const b = await createStore().beginUpload(hash, content.byteLength)
  expect([a.offset, b.offset]).toEqual([0, 0])
  await a.write(0, content.subarray(0, 1000))
  await b.write(0, content.subarray(0, 2000))
  expect(await b.write(2000, content.subarray(2000))).toBe(true)
  expect(await createStore().read(hash)).toEqual(content)
  expect(await a.write(1000, content.subarray(1000))).toBe(true)
  expect(await createStore().read(hash)).toEqual(content)
  expect(await readdir(folder)).toEqual([hash])
})

test('one of two devices goes on with what was broken off, the other begins anew', async () => {
  const broken = await createStore().beginUpload(hash, content.byteLength)
  await broken.write(0, content.subarray(0, 1000))
  await broken.suspend()
  const offsets = await Promise.all(
    [createStore(), createStore()].map(async (store) => {
      const upload = await store.beginUpload(hash, content.byteLength)
      await upload.write(upload.offset, content.subarray(upload.offset))
      return upload.offset
    }),
  )
  expect(offsets.sort()).toEqual([0, 1000])
  expect(await createStore().read(hash)).toEqual(content)
  expect(await readdir(folder)).toEqual([hash])
})

test('what a killed device had received is gone on with', async () => {
  const killed = spawnSync(process.execPath, ['--eval', '']).pid
  const left = `${hash}.${killed}-00000000-0000-4000-8000-000000000000.part`
  await writeFile(join(folder, left), content.subarray(0, 1000))
  const upload = await createStore().beginUpload(hash, content.byteLength)
  expect(upload.offset).toBe(1000)
  expect(await upload.write(1000, content.subarray(1000))).toBe(true)
  expect(await readdir(folder)).toEqual([hash])
})

test('a blob that was damaged on the disk is taken anew, one that is announced with a wrong size is refused', async () => {
  await put(createStore(), content)
  await expect(createStore().beginUpload(hash, 5)).rejects.toMatchObject({ code: 'device.blob-mismatch' })
  await writeFile(join(folder, hash), 'damaged')
  await put(createStore(), content)
  expect(await createStore().read(hash)).toEqual(content)
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

test('uploads that were broken off count as well, those that go on stay', async () => {
  const store = createStore(2500)
  const [a, b] = [1, 2].map((fill) => sha256(new Uint8Array(2000).fill(fill)))
  const broken = await store.beginUpload(a ?? '', 2000)
  await broken.write(0, new Uint8Array(1500).fill(1))
  await broken.suspend()
  const going = await store.beginUpload(b ?? '', 2000)
  await going.write(0, new Uint8Array(1500).fill(2))
  await put(store, new Uint8Array(2000).fill(3))
  expect((await readdir(folder)).filter((name) => name.startsWith(a ?? ''))).toEqual([])
  expect(await going.write(1500, new Uint8Array(500).fill(2))).toBe(true)
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
