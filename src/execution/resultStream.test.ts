import { from, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createOutputChannel } from './outputChannel.ts'
import { toResultStream } from './resultStream.ts'

describe('toResultStream', () => {
  it('gives the values of an iterable to a subscriber, then completes', async () => {
    async function* values() {
      yield* [1, 2, 3]
    }
    const seen: number[] = []
    await new Promise<void>((resolve, reject) => {
      toResultStream(values()).subscribe({ next: (value) => seen.push(value), error: reject, complete: resolve })
    })
    expect(seen).toEqual([1, 2, 3])
  })

  it('gives an error to the subscriber', async () => {
    async function* values(): AsyncGenerator<number> {
      yield 1
      throw new Error('the server is gone')
    }
    const error = await new Promise((resolve) => toResultStream(values()).subscribe({ error: resolve }))
    expect(error).toMatchObject({ message: 'the server is gone' })
  })

  it('ends the iteration when the subscriber has enough', async () => {
    let asked = 0
    let closed = false
    async function* values() {
      try {
        for (;;) yield asked++
      } finally {
        closed = true
      }
    }
    await new Promise<void>((resolve) => {
      toResultStream(values()).pipe(take(3)).subscribe({ complete: resolve })
    })
    await Promise.resolve()
    expect(closed).toBe(true)
    expect(asked).toBeLessThanOrEqual(4)
  })

  it('can be iterated instead of subscribed to', async () => {
    async function* values() {
      yield* ['a', 'b']
    }
    const seen: string[] = []
    for await (const value of toResultStream(values())) seen.push(value)
    expect(seen).toEqual(['a', 'b'])
    expect(from(toResultStream(values()))).toBeDefined()
  })
})

describe('createOutputChannel', () => {
  it('lets the writer go on only when the reader has taken the value', async () => {
    const channel = createOutputChannel<number>(() => undefined)
    const events: string[] = []
    const pushed = channel.push(1).then(() => events.push('taken'))
    await Promise.resolve()
    expect(events).toEqual([])
    const reader = channel[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ done: false, value: 1 })
    await pushed
    expect(events).toEqual(['taken'])
  })

  it('delivers what was pushed before the end, then ends; a failure comes after the values too', async () => {
    const channel = createOutputChannel<number>(() => undefined)
    const pushed = [channel.push(1), channel.push(2)]
    channel.end()
    const seen: number[] = []
    for await (const value of channel) seen.push(value)
    expect(seen).toEqual([1, 2])
    await Promise.all(pushed)

    const failing = createOutputChannel<number>(() => undefined)
    const waiting = failing[Symbol.asyncIterator]().next()
    failing.fail(new Error('broken'))
    await expect(waiting).rejects.toThrow('broken')
  })

  it('holds nobody back once its reader has left, and says so', async () => {
    let abandoned = 0
    const channel = createOutputChannel<number>(() => abandoned++)
    const pushed = channel.push(1)
    await channel[Symbol.asyncIterator]().return?.()
    await pushed
    await channel.push(2)
    expect(abandoned).toBe(1)
  })
})
