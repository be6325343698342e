import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../src/shared/wire/frame.ts'
import { type FedFrame, feedIterable, iterateFrames } from './iterableAdapter.ts'
import { createMemoryLinks } from './memoryLink.ts'
import { feedObservable, type ObservablePolicy, observeFrames } from './observableAdapter.ts'
import { createTestEngine, map, number, range, scalarOf, slow } from './testing/testGraph.ts'
import { VirtualClock } from './testing/virtualClock.ts'

const clockOptions = (clock: VirtualClock) => ({ nowNs: () => clock.nowNs(), device: 255 })

/** An engine that doubles what comes over link "give" and sends it over link "take". */
function doubler(clock: VirtualClock, workMs = 0) {
  const links = createMemoryLinks()
  const double = map((value) => 2 * value)
  const test = createTestEngine(
    {
      nodes: { double, work: slow(clock, workMs) },
      wires: ['give.out -> double.in', 'double.out -> work.in', 'work.out -> take.in'],
      links: { give: 'receive', take: 'send' },
    },
    { clock, links },
  )
  return {
    ...test,
    give: (listener: Parameters<typeof links.openSender>[1]) => links.openSender('give', listener),
    take: (listener: Parameters<typeof links.openReceiver>[1]) => links.openReceiver('take', listener),
  }
}

const brief = ({ seq, tensor }: Frame): [number, number] => [seq, scalarOf(tensor)]

describe('async iterables', () => {
  test('feed and read a running graph', async () => {
    const clock = new VirtualClock()
    const { engine, give, take } = doubler(clock, 1)
    await engine.prepare()
    engine.start()
    async function* frames(): AsyncGenerator<FedFrame> {
      for (const value of range(10)) yield { tensor: number(value), source: `input ${value}` }
    }
    const results: Frame[] = []
    const read = (async () => {
      for await (const frame of iterateFrames(take)) results.push(frame)
    })()
    const fed = feedIterable(frames(), give, clockOptions(clock))
    await clock.run()
    await Promise.all([fed, read])
    expect(results.map(brief)).toEqual(range(10).map((i) => [i, 2 * i]))
    expect(results[3]?.origin).toMatchObject({ device: 255, source: 'input 3' })
    expect(await engine.done).toMatchObject({ ok: true })
  })

  test('a reader that is slow holds the feeder up', async () => {
    const clock = new VirtualClock()
    const { engine, give, take } = doubler(clock)
    await engine.prepare()
    engine.start()
    let pulled = 0
    async function* frames(): AsyncGenerator<FedFrame> {
      for (;;) {
        pulled++
        yield { tensor: number(0) }
      }
    }
    const fed = expect(feedIterable(frames(), give, clockOptions(clock))).rejects.toMatchObject({
      code: 'engine.stopped',
    })
    const reader = iterateFrames(take)[Symbol.asyncIterator]()
    const first = reader.next()
    await clock.run()
    await first
    const before = pulled
    await clock.run()
    expect(pulled).toBe(before)
    expect(pulled).toBeLessThan(20)
    // Leaving early ends the run at both ends.
    await reader.return?.()
    await clock.run()
    await fed
    expect(await engine.done).toMatchObject({ ok: false })
  })

  test('an error of the iterable fails the graph and the reader', async () => {
    const clock = new VirtualClock()
    const { engine, give, take } = doubler(clock)
    await engine.prepare()
    engine.start()
    async function* frames(): AsyncGenerator<FedFrame> {
      if (clock.nowNs() === 0) throw new Error('unplugged')
      yield { tensor: number(1) }
    }
    const reader = iterateFrames(take)[Symbol.asyncIterator]()
    const read = expect(reader.next()).rejects.toMatchObject({ code: 'node.failed' })
    const fed = expect(feedIterable(frames(), give, clockOptions(clock))).rejects.toMatchObject({ code: 'node.failed' })
    await clock.run()
    await Promise.all([fed, read])
    expect(await engine.done).toMatchObject({ ok: false })
  })
})

describe('observables', () => {
  /** Feeds 30 frames at once into a graph that takes 10 ms for each. */
  async function burst(policy: ObservablePolicy) {
    const clock = new VirtualClock()
    const { engine, give, take } = doubler(clock, 10)
    await engine.prepare()
    engine.start()
    const results: [number, number][] = []
    let ended = ''
    observeFrames(take).subscribe({
      next: (frame) => results.push(brief(frame)),
      complete: () => {
        ended = 'complete'
      },
      error: () => {
        ended = 'error'
      },
    })
    const subject = new Subject<FedFrame>()
    const fed = feedObservable(subject, give, policy, clockOptions(clock)).then(
      () => 'fed',
      (error: { code: string }) => error.code,
    )
    await clock.run()
    for (const value of range(30)) subject.next({ tensor: number(value) })
    subject.complete()
    await clock.run()
    await engine.done
    return { seqs: results.map(([seq]) => seq), ended, fed: await fed, observed: subject.observed }
  }

  test('latest: the newest waits', async () => {
    const { seqs, ...rest } = await burst({ kind: 'latest' })
    expect(seqs.at(-1)).toBe(29)
    expect(seqs.at(-2)).toBeLessThan(28)
    expect(rest).toEqual({ ended: 'complete', fed: 'fed', observed: false })
  })

  test('drop-oldest: the newest few wait', async () => {
    const { seqs, ...rest } = await burst({ kind: 'drop-oldest', capacity: 3 })
    expect(seqs.slice(-3)).toEqual([27, 28, 29])
    expect(seqs.at(-4)).toBeLessThan(26)
    expect(rest).toEqual({ ended: 'complete', fed: 'fed', observed: false })
  })

  test('error: nothing is dropped, and one too many breaks the stream', async () => {
    expect(await burst({ kind: 'error', capacity: 40 })).toMatchObject({ seqs: range(30), ended: 'complete' })
    expect(await burst({ kind: 'error', capacity: 3 })).toMatchObject({
      ended: 'error',
      fed: 'device.limit-exceeded',
      observed: false,
    })
  })

  test('unsubscribing ends the stream', async () => {
    const clock = new VirtualClock()
    const { engine, give, take } = doubler(clock)
    await engine.prepare()
    engine.start()
    const subject = new Subject<FedFrame>()
    const fed = expect(feedObservable(subject, give, { kind: 'latest' }, clockOptions(clock))).rejects.toMatchObject({
      code: 'engine.stopped',
    })
    const subscription = observeFrames(take).subscribe()
    subscription.unsubscribe()
    await clock.run()
    await fed
    expect(await engine.done).toMatchObject({ ok: false })
  })
})
