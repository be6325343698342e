import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/shared/errors/appError.ts'
import { TelemetryRecorder } from '../telemetry/recorder.ts'
import { createTelemetryWindows } from '../telemetry/windows.ts'
import { collect, createTestEngine, map, number, numbers, range, scalarOf, slow } from './testing/testGraph.ts'
import { VirtualClock } from './testing/virtualClock.ts'

type Received = [seq: number, value: number][]

describe('a chain', () => {
  test('brings every frame, in order, under its number', async () => {
    const received: Received = []
    const { run } = createTestEngine({
      nodes: { source: numbers(range(20, 100)), double: map((value) => 2 * value), sink: collect(received) },
      wires: ['source.out -> double.in', 'double.out -> sink.in'],
    })
    expect(await run()).toEqual({ ok: true, value: undefined })
    expect(received).toEqual(range(20).map((seq) => [seq, 2 * (100 + seq)]))
  })

  test('of 5,000 nodes does not exhaust the stack', async () => {
    const received: Received = []
    const ids = range(5_000).map((i) => `n${i}`)
    const { run } = createTestEngine({
      nodes: {
        source: numbers([1, 2]),
        ...Object.fromEntries(ids.map((id) => [id, map((value) => value)])),
        sink: collect(received),
      },
      wires: ['source.out -> n0.in', ...ids.slice(1).map((id, i) => `n${i}.out -> ${id}.in`), 'n4999.out -> sink.in'],
    })
    await run()
    expect(received).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('keeps the numbers of what a node skips free', async () => {
    const received: Received = []
    const { run } = createTestEngine({
      nodes: {
        source: numbers(range(6)),
        odd: map((value) => (value % 2 === 1 ? value : undefined)),
        sink: collect(received),
      },
      wires: ['source.out -> odd.in', 'odd.out -> sink.in'],
    })
    await run()
    expect(received).toEqual([
      [1, 1],
      [3, 3],
      [5, 5],
    ])
  })

  test('numbers the outputs of a node with numbering of its own without gaps, from the oldest input on', async () => {
    const received: [seq: number, source: string | undefined][] = []
    let sum = 0
    const { run } = createTestEngine({
      nodes: {
        source: numbers(range(6)),
        pairs: {
          numbering: 'fresh',
          execute(inputs, { seq }) {
            sum += scalarOf(inputs.in)
            return seq % 2 === 1 ? { out: number(sum) } : undefined
          },
        },
        sink: { role: 'sink', execute: (_inputs, { seq, source }) => void received.push([seq, source]) },
      },
      wires: ['source.out -> pairs.in', 'pairs.out -> sink.in'],
    })
    await run()
    expect(received).toEqual([
      [0, 'picture 0'],
      [1, 'picture 2'],
      [2, 'picture 4'],
    ])
  })
})

describe('concurrency', () => {
  test('is used up to its limit, and outputs leave in the order of inputs', async () => {
    const received: Received = []
    const clock = new VirtualClock()
    let inside = 0
    let most = 0
    const { run } = createTestEngine(
      {
        nodes: {
          source: numbers(range(12)),
          work: {
            concurrency: 3,
            async execute(inputs, { seq }) {
              most = Math.max(most, ++inside)
              await clock.sleep(((seq * 7) % 5) * 10)
              inside--
              return { out: inputs.in ?? number(-1) }
            },
          },
          sink: collect(received),
        },
        wires: [['source.out -> work.in', { kind: 'block', capacity: 8 }], 'work.out -> sink.in'],
      },
      { clock },
    )
    await run()
    expect(most).toBe(3)
    expect(received.map(([seq]) => seq)).toEqual(range(12))
  })

  test('of 1 runs one frame at a time', async () => {
    const clock = new VirtualClock()
    const { run } = createTestEngine(
      {
        nodes: { source: numbers(range(5)), work: slow(clock, 10), sink: collect([]) },
        wires: ['source.out -> work.in', 'work.out -> sink.in'],
      },
      { clock },
    )
    await run()
    expect(clock.nowNs()).toBe(50e6)
  })

  test('stages of a pipeline overlap: its rate is that of the slowest', async () => {
    const clock = new VirtualClock()
    const { run } = createTestEngine(
      {
        nodes: {
          source: numbers(range(100)),
          a: slow(clock, 8),
          b: slow(clock, 10),
          c: slow(clock, 9),
          sink: collect([]),
        },
        wires: ['source.out -> a.in', 'a.out -> b.in', 'b.out -> c.in', 'c.out -> sink.in'],
      },
      { clock },
    )
    await run()
    expect(clock.nowNs()).toBe((8 + 100 * 10 + 9) * 1e6)
  })
})

describe('ports', () => {
  test('each wire of an output gets every frame; an output without wires is dropped silently', async () => {
    const one: Received = []
    const two: Received = []
    const { run } = createTestEngine({
      nodes: {
        source: numbers([5, 6]),
        split: { execute: (inputs) => ({ out: inputs.in ?? number(-1), spare: number(0) }) },
        one: collect(one),
        two: collect(two),
      },
      wires: ['source.out -> split.in', 'split.out -> one.in', 'split.out -> two.in'],
    })
    await run()
    expect([one, two]).toEqual([
      [
        [0, 5],
        [1, 6],
      ],
      [
        [0, 5],
        [1, 6],
      ],
    ])
  })

  test('an optional input without a wire is absent', async () => {
    const seen: string[][] = []
    const { run } = createTestEngine({
      nodes: {
        source: numbers([5]),
        sink: { role: 'sink', inputs: ['in', 'extra'], execute: (inputs) => void seen.push(Object.keys(inputs)) },
      },
      wires: ['source.out -> sink.in'],
    })
    await run()
    expect(seen).toEqual([['in']])
  })

  test('a port that a node leaves out is skipped there, so that a zip behind does not wait', async () => {
    const received: Received = []
    const { run } = createTestEngine({
      nodes: {
        source: numbers(range(4)),
        split: {
          execute: (inputs, { seq }) => ({
            a: inputs.in ?? number(-1),
            ...(seq % 2 === 0 && { b: inputs.in ?? number(-1) }),
          }),
        },
        sink: { ...collect(received, 'a'), inputs: ['a', 'b'] },
      },
      wires: ['source.out -> split.in', 'split.a -> sink.a', 'split.b -> sink.b'],
    })
    await run()
    expect(received.map(([seq]) => seq)).toEqual([0, 2])
  })
})

describe('sources', () => {
  test('are pulled only when every blocking wire has room', async () => {
    const clock = new VirtualClock()
    let pulled = 0
    const { run, engine } = createTestEngine(
      {
        nodes: {
          source: {
            async *produce() {
              for (;;) {
                pulled++
                yield { outputs: { out: number(pulled) } }
              }
            },
          },
          stuck: { role: 'sink', execute: () => clock.sleep(1e6).then(() => undefined) },
        },
        wires: [['source.out -> stuck.in', { kind: 'block', capacity: 3 }]],
      },
      { clock },
    )
    await engine.prepare()
    engine.start()
    await clock.run(1000)
    // One frame is in the sink, three wait.
    expect(pulled).toBe(4)
    engine.stop()
    await clock.run()
    await engine.done
    expect(run).toBeTypeOf('function')
  })

  test('a skipped frame is counted, warned about with its source, and does not shift the numbers', async () => {
    const received: Received = []
    const error = new AppError('image.not-an-image', 'It is a text file.')
    const { run, log } = createTestEngine({
      nodes: { source: numbers(range(4), { skips: [0, 2], error }), sink: collect(received) },
      wires: ['source.out -> sink.in'],
    })
    await run()
    expect(received.map(([seq]) => seq)).toEqual([1, 3])
    expect(log[1]).toEqual({
      level: 'warning',
      node: 'source',
      code: 'image.not-an-image',
      message: 'picture 2 is skipped: It is a text file.',
    })
  })

  test('frames carry the time of capture, the device and the source', async () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const { run } = createTestEngine(
      {
        nodes: {
          source: numbers([1, 2], { everyMs: 5 }),
          sink: { role: 'sink', execute: (_inputs, frame) => void seen.push(frame) },
        },
        wires: ['source.out -> sink.in'],
      },
      { clock },
    )
    await run()
    expect(seen).toEqual([
      { seq: 0, capturedAtNs: 5e6, source: 'picture 0' },
      { seq: 1, capturedAtNs: 10e6, source: 'picture 1' },
    ])
  })

  test('a source that never waits lets timers have their turn', async () => {
    const clock = new VirtualClock()
    const { engine } = createTestEngine(
      {
        nodes: {
          source: {
            async *produce({ signal }) {
              while (!signal.aborted) yield { outputs: { out: number(1) } }
            },
          },
          sink: collect([]),
        },
        wires: [['source.out -> sink.in', { kind: 'latest' }]],
      },
      { clock },
    )
    await engine.prepare()
    clock.schedule(0, () => engine.stop())
    engine.start()
    await clock.run()
    expect(await engine.done).toEqual({ ok: true, value: undefined })
  })
})

test('telemetry tells how long frames waited and computed at each node, and how many passed each wire', async () => {
  const clock = new VirtualClock()
  const telemetry = new TelemetryRecorder()
  const windows = createTelemetryWindows(telemetry, clock)
  const { run } = createTestEngine(
    {
      nodes: {
        source: numbers(range(10)),
        work: slow(clock, 10),
        even: map((value) => (value % 2 === 0 ? value : undefined)),
        sink: collect([]),
      },
      wires: [['source.out -> work.in', { kind: 'block', capacity: 1 }], 'work.out -> even.in', 'even.out -> sink.in'],
    },
    { clock, telemetry },
  )
  await run()
  const { nodes, wires, windowMs } = windows.wholeRun()
  expect(windowMs).toBe(100)
  expect(nodes.work?.computeMs).toMatchObject({ count: 10, max: 10 })
  // Each frame but the first waits while the one before it is computed.
  expect(nodes.work?.waitMs).toMatchObject({ count: 10, p50: expect.closeTo(10, 0), max: 10 })
  expect(nodes.even).toMatchObject({ frames: 10, skipped: 5 })
  expect(nodes.sink).toMatchObject({ frames: 5, skipped: 0 })
  expect(wires['sink.in']).toMatchObject({ frames: 5, dropped: 0, queued: 0, capacity: 4, bytes: 0 })
})
