import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../../../src/node/sha256.ts'
import { createTensor, type Tensor } from '../../../../src/shared/tensor/tensor.ts'
import { FakeClock } from '../testing/fakeClock.ts'
import { elementType, type TinyModelOptions, tinyModel } from '../testing/tinyModels.ts'
import { InferencePool } from './inferencePool.ts'
import { startInferenceWorker } from './inferenceWorkerHandle.ts'

let folder = ''
let clock = new FakeClock()
let pool = new InferencePool({ clock, maxModels: 2, idleMs: 1000 })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colliflow-inference-'))
  clock = new FakeClock()
  pool = new InferencePool({ clock, maxModels: 2, idleMs: 1000 })
})

afterEach(async () => {
  await pool.close()
  await rm(folder, { recursive: true })
})

async function store(bytes: Uint8Array): Promise<{ hash: string; path: string }> {
  const hash = sha256(bytes)
  const path = join(folder, hash)
  await writeFile(path, bytes)
  return { hash, path }
}

async function acquire(options: TinyModelOptions = {}, owner: object = {}) {
  return await pool.acquire({ ...(await store(tinyModel(options))), threads: 1, owner })
}

const four = createTensor('float32', [1, 4], new Float32Array([1, -2, 3, -4]))

test('runs a network and gives back its outputs by name', async () => {
  const { session } = await acquire({ operator: 'Relu' })
  expect(session.inputNames).toEqual(['x'])
  expect(session.outputNames).toEqual(['y'])
  expect(await session.run({ x: four })).toEqual({ y: createTensor('float32', [1, 4], new Float32Array([1, 0, 3, 0])) })
})

test.each<[string, number, Tensor]>([
  ['float16', elementType.float16, createTensor('float16', [1, 4], new Uint16Array([0x3c00, 0, 0xc000, 0x7bff]))],
  ['int64', elementType.int64, createTensor('int64', [1, 4], new BigInt64Array([1n, -1n, 2n ** 62n, 0n]))],
  ['bool', elementType.bool, createTensor('bool', [1, 4], new Uint8Array([1, 0, 1, 1]))],
  ['uint8', elementType.uint8, createTensor('uint8', [1, 4], new Uint8Array([0, 1, 128, 255]))],
])('carries %s tensors unchanged', async (_name, type, tensor) => {
  const { session } = await acquire({ elementType: type })
  expect(await session.run({ x: tensor })).toEqual({ y: tensor })
})

test('a tensor larger than the shared memory arrives whole and the buffer of the caller stays as it was', async () => {
  const { session } = await acquire({ shape: ['N'] })
  const data = Float32Array.from({ length: 700_000 }, (_, index) => index)
  const { y } = await session.run({ x: createTensor('float32', [data.length], data) })
  expect(y?.shape).toEqual([700_000])
  expect(y?.data).toEqual(data)
  expect(data[699_999]).toBe(699_999)
})

test('takes the buffer of a large tensor that the caller owns instead of copying it', async () => {
  const { session } = await acquire({ shape: ['N'] })
  const data = new Float32Array(700_000).fill(2)
  const { y } = await session.run({ x: createTensor('float32', [data.length], data) }, { ownsInputs: true })
  expect(data.length).toBe(0)
  expect(y?.data[5]).toBe(2)
})

test('a view into a larger buffer is sent as just its part', async () => {
  const { session } = await acquire()
  const whole = Float32Array.from({ length: 100 }, (_, index) => index)
  const { y } = await session.run({ x: createTensor('float32', [1, 4], whole.subarray(10, 14)) })
  expect(y?.data).toEqual(new Float32Array([10, 11, 12, 13]))
})

test('equal models of two owners share one worker, which ends after the grace period', async () => {
  const first = await acquire()
  const second = await acquire()
  expect(pool.loadedModels).toBe(1)
  first.release()
  clock.advance(5000)
  expect(await second.session.run({ x: four })).toEqual({ y: four })
  second.release()
  clock.advance(999)
  expect(pool.loadedModels).toBe(1)
  clock.advance(1)
  expect(pool.loadedModels).toBe(0)
})

test('a model that is wanted again within the grace period stays loaded', async () => {
  const first = await acquire()
  first.release()
  clock.advance(900)
  const second = await acquire()
  clock.advance(5000)
  expect(await second.session.run({ x: four })).toEqual({ y: four })
  expect(clock.pending).toBe(0)
})

test('a released lease runs nothing any more', async () => {
  const { session, release } = await acquire()
  release()
  await expect(session.run({ x: four })).rejects.toMatchObject({ code: 'engine.stopped' })
})

test('refuses one model too many, but unloads an idle one for it', async () => {
  const first = await acquire({ shape: [1, 4] })
  await acquire({ shape: [2, 4] })
  await expect(acquire({ shape: [3, 4] })).rejects.toMatchObject({ code: 'device.limit-exceeded' })
  first.release()
  const third = await acquire({ shape: [3, 4] })
  expect(third.session.inputNames).toEqual(['x'])
  expect(pool.loadedModels).toBe(2)
})

test('a wrong shape fails that run with the reason and the next one works', async () => {
  const { session } = await acquire()
  const wrong = createTensor('float32', [1, 3], new Float32Array(3))
  await expect(session.run({ x: wrong })).rejects.toMatchObject({
    code: 'model.run-failed',
    message: expect.stringContaining('Got: 3 Expected: 4'),
  })
  await expect(session.run({ z: four })).rejects.toMatchObject({ code: 'model.run-failed' })
  expect(await session.run({ x: four })).toEqual({ y: four })
})

test('an unknown operator is named', async () => {
  await expect(acquire({ operator: 'Frobnicate' })).rejects.toMatchObject({
    code: 'model.operator-unsupported',
    message: expect.stringContaining('Frobnicate'),
  })
  expect(pool.loadedModels).toBe(0)
})

test('a truncated file is refused and another model still loads', async () => {
  const half = await store(tinyModel().subarray(0, 40))
  await expect(pool.acquire({ ...half, threads: 1, owner: {} })).rejects.toMatchObject({ code: 'model.truncated' })
  const { session } = await acquire()
  expect(await session.run({ x: four })).toEqual({ y: four })
})

test('a worker that dies fails its own run and nobody else', async () => {
  const { path } = await store(tinyModel({ shape: ['N'] }))
  const victim = await startInferenceWorker(path, 1, 'victim')
  const other = await acquire()
  // Told to end first: a thread that was only asked afterwards might still answer.
  const ended = victim.terminate()
  const running = victim.run({ x: createTensor('float32', [700_000], new Float32Array(700_000)) }, false)
  await expect(running).rejects.toMatchObject({ code: 'model.run-failed' })
  await ended
  await expect(victim.ping()).rejects.toThrow()
  expect(await other.session.run({ x: four })).toEqual({ y: four })
})

test('runs that overlap, small and larger than the shared memory, each get their own answer', async () => {
  const { session } = await acquire({ shape: ['N'] })
  const sizes = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? 400_000 : 1 + index))
  const answers = await Promise.all(
    sizes.map((size, index) => session.run({ x: createTensor('float32', [size], new Float32Array(size).fill(index)) })),
  )
  expect(answers.map(({ y }) => [y?.shape[0], y?.data[0], y?.data.at(-1)])).toEqual(
    sizes.map((size, index) => [size, index, index]),
  )
})

test('the hop without work comes back', async () => {
  const worker = await startInferenceWorker((await store(tinyModel())).path, 1, 'tiny')
  for (let index = 0; index < 100; index++) await worker.ping()
  await worker.terminate()
})
