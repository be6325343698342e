import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/shared/errors/appError.ts'
import type { WirePolicy } from '../../src/shared/graph/wirePolicy.ts'
import { TelemetryRecorder } from '../telemetry/recorder.ts'
import { createMemoryLink, createMemoryLinks } from './memoryLink.ts'
import { collect, createTestEngine, number, numbers, range, slow } from './testing/testGraph.ts'
import { VirtualClock } from './testing/virtualClock.ts'

const origin = { capturedAtNs: 0, device: 0, trail: [] }
const frame = (seq: number) => ({ seq, origin, tensor: number(seq) })

describe('a memory link', () => {
  test('sends only what was granted, in order, and keeps what comes before the other end is open', () => {
    const link = createMemoryLink({ linkIndex: 7 })
    const credits: number[] = []
    const sender = link.openSender({ onCredit: () => credits.push(1), onFailure: () => undefined })
    expect(sender.canSend()).toBe(false)
    expect(() => sender.send(frame(0))).toThrow('without credit')
    sender.advance(3)
    const events: unknown[] = []
    const receiver = link.openReceiver({
      onFrame: ({ seq, origin: { trail } }) => events.push([seq, trail]),
      onAdvance: (bound) => events.push(['advance', bound]),
      onEnd: () => events.push('end'),
      onFailure: () => events.push('failure'),
    })
    receiver.grant(2)
    expect([sender.send(frame(3)), sender.send(frame(4)), sender.canSend(), credits]).toEqual([8, 8, false, [1]])
    sender.end()
    expect(events).toEqual([['advance', 3], [3, [{ link: 7, bytes: 8 }]], [4, [{ link: 7, bytes: 8 }]], 'end'])
  })
})

describe('an engine and its links', () => {
  /** A source on one engine, a sink that takes 10 ms on another, a link of 20 ms each way between them. */
  async function split(policy: WirePolicy, workMs: number) {
    const clock = new VirtualClock()
    const links = createMemoryLinks(() => ({ latency: { clock, ms: () => 20 } }))
    const received: [number, number][] = []
    const telemetry = new TelemetryRecorder()
    const a = createTestEngine(
      {
        nodes: { source: numbers(range(100), { everyMs: 10 }) },
        wires: [['source.out -> link.in', policy]],
        links: { link: 'send' },
      },
      { clock, links, telemetry },
    )
    const b = createTestEngine(
      {
        nodes: { work: slow(clock, workMs), sink: collect(received) },
        wires: ['link.out -> work.in', 'work.out -> sink.in'],
        links: { link: 'receive' },
      },
      { clock, links },
    )
    for (const { engine } of [a, b]) await engine.prepare()
    for (const { engine } of [a, b]) engine.start()
    await clock.run()
    const wire = telemetry.wires[telemetry.wireIds.indexOf('link.in')]
    return {
      outcomes: [a.outcome()?.ok, b.outcome()?.ok],
      seqs: received.map(([seq]) => seq),
      ms: clock.nowNs() / 1e6,
      wire,
    }
  }

  test('a window of four hides the latency of a link as long as four frames', async () => {
    const { seqs, ms, outcomes } = await split({ kind: 'block' }, 10)
    expect({ seqs, outcomes }).toEqual({ seqs: range(100), outcomes: [true, true] })
    // 100 frames at 10 ms, one way of 20 ms for the first, and the last one's work.
    expect(ms).toBeLessThanOrEqual(1000 + 20 + 10 + 40)
  })

  test('announces what a source skips at once, so that nobody elsewhere waits for it', async () => {
    const clock = new VirtualClock()
    const links = createMemoryLinks()
    const error = new AppError('image.not-an-image', 'It is no picture.')
    const { engine } = createTestEngine(
      {
        nodes: { source: numbers(range(4), { everyMs: 10, skips: [0, 2], error }) },
        wires: ['source.out -> link.in'],
        links: { link: 'send' },
      },
      { clock, links },
    )
    const events: unknown[] = []
    const note = (event: unknown) => events.push([clock.nowNs() / 1e6, event])
    const receiver = links.openReceiver('link', {
      onFrame: ({ seq }) => note(seq),
      onAdvance: (bound) => note(`advance ${bound}`),
      onEnd: () => note('end'),
      onFailure: () => note('failure'),
    })
    receiver.grant(4)
    await engine.prepare()
    engine.start()
    await clock.run()
    expect(events).toEqual([
      [10, 'advance 1'],
      [20, 1],
      [30, 'advance 3'],
      [40, 3],
      [40, 'end'],
    ])
  })

  test('announces what is skipped behind a frame in work as soon as that frame leaves', async () => {
    const clock = new VirtualClock()
    const links = createMemoryLinks()
    const error = new AppError('image.not-an-image', 'It is no picture.')
    const { engine } = createTestEngine(
      {
        nodes: { source: numbers(range(3), { skips: [1], error }), work: slow(clock, (seq) => 10 + 500 * seq, 2) },
        wires: ['source.out -> work.in', 'work.out -> link.in'],
        links: { link: 'send' },
      },
      { clock, links },
    )
    const events: unknown[] = []
    const receiver = links.openReceiver('link', {
      onFrame: ({ seq }) => events.push([clock.nowNs() / 1e6, seq]),
      onAdvance: (bound) => events.push([clock.nowNs() / 1e6, `advance ${bound}`]),
      onEnd: () => undefined,
      onFailure: () => undefined,
    })
    receiver.grant(4)
    await engine.prepare()
    engine.start()
    await clock.run()
    expect(events).toEqual([
      [10, 0],
      [10, 'advance 2'],
      [1010, 2],
    ])
  })

  test('grants no more than the wires behind the link hold', async () => {
    const clock = new VirtualClock()
    const links = createMemoryLinks()
    const { engine } = createTestEngine(
      {
        nodes: { stuck: slow(clock, 1e6) },
        wires: [['link.out -> stuck.in', { kind: 'block', capacity: 3 }]],
        links: { link: 'receive' },
      },
      { clock, links },
    )
    await engine.prepare()
    engine.start()
    let sent = 0
    const sender = links.openSender('link', { onCredit: () => undefined, onFailure: () => undefined })
    for (; sender.canSend() && sent < 50; await clock.run(1)) sender.send(frame(sent++))
    // One is in work, three wait.
    expect(sent).toBe(4)
    sender.end()
    await clock.run()
    expect(await engine.done).toMatchObject({ ok: true })
  })

  test('without credit the policy of the wire before the link decides, and counts its bytes', async () => {
    const { seqs, outcomes, wire } = await split({ kind: 'latest' }, 50)
    expect(outcomes).toEqual([true, true])
    expect(seqs.at(-1)).toBe(99)
    expect(wire).toMatchObject({ frames: 100, dropped: 100 - seqs.length, bytes: 8 * seqs.length })
    expect(seqs.length).toBeLessThan(30)
  })
})
