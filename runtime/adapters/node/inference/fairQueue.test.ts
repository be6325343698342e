import { expect, test } from 'vitest'
import { FairQueue } from './fairQueue.ts'

test('takes turns between owners although one asked for everything first', async () => {
  const queue = new FairQueue<string>()
  const order: string[] = []
  const job = (name: string) => async () => void order.push(name)
  await Promise.all([
    ...[1, 2, 3, 4].map((index) => queue.enqueue('flood', job(`flood ${index}`))),
    queue.enqueue('quiet', job('quiet 1')),
    queue.enqueue('third', job('third 1')),
    queue.enqueue('quiet', job('quiet 2')),
  ])
  expect(order).toEqual(['flood 1', 'flood 2', 'quiet 1', 'third 1', 'flood 3', 'quiet 2', 'flood 4'])
})

test('never runs two jobs at once', async () => {
  const queue = new FairQueue<number>()
  let running = 0
  let most = 0
  const job = async () => {
    running++
    most = Math.max(most, running)
    await Promise.resolve()
    running--
  }
  await Promise.all(Array.from({ length: 20 }, (_, index) => queue.enqueue(index % 3, job)))
  expect(most).toBe(1)
})

test('a job that fails rejects for its owner and the others go on', async () => {
  const queue = new FairQueue<string>()
  const failed = queue.enqueue('a', () => Promise.reject(new Error('no')))
  const fine = queue.enqueue('b', () => Promise.resolve(7))
  await expect(failed).rejects.toThrow('no')
  expect(await fine).toBe(7)
})
