import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import { imageExtensions, imageFolder } from './imageFolder.ts'
import type { SourceFrame } from './nodeKind.ts'
import { FakeClock } from './testing/fakeClock.ts'
import { blobRef, createFakeContext } from './testing/fakeContext.ts'
import { FakeImages } from './testing/fakeImages.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runSource } from './testing/runKind.ts'

const picture = (value: number) => createTensor('uint8', [1, 1, 3], Uint8Array.of(value, value, value))
const fileOf = (value: number) => new FakeImages().encode(picture(value))
const blobs = {
  'a.png': await fileOf(1),
  'b.txt': new TextEncoder().encode('no picture'),
  'c.png': await fileOf(3),
}
const folder = (...names: readonly string[]) => ({ blobs, assets: { pictures: names.map(blobRef) } })
const params = { path: 'photos' }

function summaryOf(frame: SourceFrame): unknown {
  return 'outputs' in frame ? [frame.source, frame.outputs.image?.data[0]] : [frame.source, frame.skipped.code]
}

test('asks for the pictures of the folder, and types them as RGB of any size', () => {
  const { params: parsed } = { params: { path: 'photos', fps: 0, loop: false } }
  expect(imageFolder.assets(parsed, {}, fakeResources)).toEqual({
    pictures: { type: 'folder', path: 'photos', extensions: imageExtensions },
  })
  expect(imageFolder.inferOutputs(parsed, {}, fakeResources)).toEqual({
    ok: true,
    value: { image: { dtype: 'uint8', shape: [null, null, 3], layout: 'HWC' } },
  })
})

test('gives each picture with its file name, and skips what is no picture', async () => {
  const frames = await runSource(imageFolder, params, createFakeContext(folder('a.png', 'b.txt', 'c.png')))
  expect(frames.map(summaryOf)).toEqual([
    ['a.png', 1],
    ['b.txt', 'image.not-an-image'],
    ['c.png', 3],
  ])
})

test('a loop begins again, and ends when no file of the folder is a picture', async () => {
  const loop = { ...params, loop: true }
  const frames = await runSource(imageFolder, loop, createFakeContext(folder('a.png', 'c.png')), 5)
  expect(frames.map(({ source }) => source)).toEqual(['a.png', 'c.png', 'a.png', 'c.png', 'a.png'])
  expect(await runSource(imageFolder, loop, createFakeContext(folder('b.txt')))).toHaveLength(1)
})

test('an empty folder gives no frames; a file that the device lost fails the source', async () => {
  expect(await runSource(imageFolder, params, createFakeContext(folder()))).toEqual([])
  await expect(runSource(imageFolder, params, createFakeContext(folder('lost.png')))).rejects.toMatchObject({
    code: 'device.blob-missing',
  })
})

test('frames keep to the rate, counted from the start', async () => {
  const clock = new FakeClock({ runsFree: true })
  const times: number[] = []
  const context = createFakeContext({ ...folder('a.png', 'c.png', 'a.png', 'c.png'), clock })
  for await (const _ of imageFolder.produce?.({ path: 'p', fps: 10, loop: false }, context) ?? []) {
    times.push(clock.nowNs() / 1e6)
    clock.advance(30) // a slow receiver: the rate does not slip
  }
  expect(times).toEqual([0, 100, 200, 300])
})

test('an aborted source ends without another frame, also while it waits for the next', async () => {
  const stop = new AbortController()
  const context = createFakeContext({ ...folder('a.png', 'c.png'), clock: new FakeClock(), signal: stop.signal })
  const frames: string[] = []
  for await (const { source } of imageFolder.produce?.({ path: 'p', fps: 1, loop: true }, context) ?? []) {
    frames.push(source ?? '')
    queueMicrotask(() => stop.abort())
  }
  expect(frames).toEqual(['a.png'])
})
