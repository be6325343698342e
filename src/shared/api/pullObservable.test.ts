import { from, Observable, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { isSubscribable, pullObservable } from './pullObservable.ts'

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = []
  for await (const value of values) seen.push(value)
  return seen
}

describe('pullObservable', () => {
  it('gives every value in order while the reader keeps up', async () => {
    const subject = new Subject<number>()
    const reader = pullObservable(subject, { kind: 'error', capacity: 1 })[Symbol.asyncIterator]()
    for (const value of [1, 2, 3]) {
      const next = reader.next()
      subject.next(value)
      expect(await next).toEqual({ done: false, value })
    }
    subject.complete()
    expect(await reader.next()).toMatchObject({ done: true })
  })

  it('keeps only the newest with latest, the newest n with drop-oldest', async () => {
    expect(await all(pullObservable(from([1, 2, 3, 4]), { kind: 'latest' }))).toEqual([4])
    expect(await all(pullObservable(from([1, 2, 3, 4]), { kind: 'drop-oldest', capacity: 3 }))).toEqual([2, 3, 4])
  })

  it('says device.limit-exceeded when more wait than allowed', async () => {
    const values = pullObservable(from([1, 2, 3]), { kind: 'error', capacity: 2 })
    await expect(all(values)).rejects.toMatchObject({ code: 'device.limit-exceeded' })
  })

  it('passes on the error of the observable', async () => {
    const failing = new Observable<number>((subscriber) => subscriber.error(new Error('camera unplugged')))
    await expect(all(pullObservable(failing, { kind: 'latest' }))).rejects.toThrow('camera unplugged')
  })

  it('unsubscribes when the reader leaves, also in the middle of waiting', async () => {
    const subject = new Subject<number>()
    const reader = pullObservable(subject, { kind: 'latest' })[Symbol.asyncIterator]()
    const waiting = reader.next()
    await reader.return?.()
    expect(subject.observed).toBe(false)
    expect(await waiting).toMatchObject({ done: true })
  })

  it('tells observables from iterables', () => {
    expect(isSubscribable(from([1]))).toBe(true)
    expect(isSubscribable([1])).toBe(false)
  })
})
