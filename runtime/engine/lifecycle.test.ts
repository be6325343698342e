import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/shared/errors/appError.ts'
import type { StreamFrame } from '../../src/shared/node-kinds/nodeKind.ts'
import { createMemoryLinks } from './memoryLink.ts'
import { collect, createTestEngine, map, number, numbers, range, slow, type TestNode } from './testing/testGraph.ts'
import { VirtualClock } from './testing/virtualClock.ts'
import { watchedSource } from './testing/watchedSource.ts'

/** A stream node that passes its frames on and counts whether it has cleaned up. */
function watchedStream() {
  const seen = { open: 0 }
  const node: TestNode = {
    numbering: 'fresh',
    async *stream(frames: AsyncIterable<StreamFrame>) {
      seen.open++
      try {
        for await (const { inputs } of frames) yield { out: inputs.in ?? number(Number.NaN) }
      } finally {
        seen.open--
      }
    },
  }
  return { seen, node }
}

describe('stop', () => {
  test('ends the sources, finishes what is in flight, and leaves nothing open', async () => {
    const clock = new VirtualClock()
    const source = watchedSource()
    const stream = watchedStream()
    const received: [number, number][] = []
    const { engine } = createTestEngine(
      {
        nodes: { source: source.node, work: slow(clock, 35, 2), stream: stream.node, sink: collect(received) },
        wires: ['source.out -> work.in', 'work.out -> stream.in', 'stream.out -> sink.in'],
      },
      { clock },
    )
    await engine.prepare()
    engine.start()
    await clock.run(42)
    engine.stop()
    await clock.run()
    expect(await engine.done).toEqual({ ok: true, value: undefined })
    expect(received.map(([, value]) => value)).toEqual([0, 1, 2, 3, 4])
    expect({ ...source.seen, streams: stream.seen.open, timers: clock.pending }).toEqual({
      open: 0,
      signalled: true,
      streams: 0,
      timers: 0,
    })
  })

  test('before the start ends at once', async () => {
    const { engine } = createTestEngine({ nodes: { sink: collect([]) }, wires: [] })
    await engine.prepare()
    engine.stop()
    expect(await engine.done).toEqual({ ok: true, value: undefined })
  })
})

describe('abort', () => {
  test('ends everything with its error after executors and iterators have let go', async () => {
    const clock = new VirtualClock()
    const source = watchedSource()
    const stream = watchedStream()
    let inside = 0
    const work: TestNode = {
      concurrency: 3,
      async execute(inputs) {
        inside++
        await clock.sleep(50)
        inside--
        return { out: inputs.in ?? number(Number.NaN) }
      },
    }
    const test = createTestEngine(
      {
        nodes: { source: source.node, stream: stream.node, work, sink: collect([]) },
        wires: ['source.out -> stream.in', 'stream.out -> work.in', 'work.out -> sink.in'],
      },
      { clock },
    )
    await test.engine.prepare()
    test.engine.start()
    await clock.run(25)
    const error = new AppError('device.disconnected', 'The peer is gone.')
    test.engine.abort(error)
    expect(test.outcome()).toBeUndefined()
    await clock.run()
    expect(await test.engine.done).toEqual({ ok: false, error })
    expect({ sources: source.seen.open, streams: stream.seen.open, inside, timers: clock.pending }).toEqual({
      sources: 0,
      streams: 0,
      inside: 0,
      timers: 0,
    })
  })

  test('by the signal is engine.stopped', async () => {
    const clock = new VirtualClock()
    const source = watchedSource()
    const controller = new AbortController()
    const { engine } = createTestEngine(
      { nodes: { source: source.node, sink: collect([]) }, wires: ['source.out -> sink.in'] },
      { clock, signal: controller.signal },
    )
    await engine.prepare()
    engine.start()
    await clock.run(25)
    controller.abort()
    await clock.run()
    expect(await engine.done).toMatchObject({ ok: false, error: { code: 'engine.stopped' } })
    expect(source.seen.open).toBe(0)
  })

  test('aborts the signal of every node, so that a call to the outside can give up', async () => {
    const clock = new VirtualClock()
    const { engine } = createTestEngine(
      {
        nodes: {
          source: numbers([1]),
          hanging: {
            prepare:
              async ({ signal }) =>
              () =>
                new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
          },
        },
        wires: ['source.out -> hanging.in'],
      },
      { clock },
    )
    await engine.prepare()
    engine.start()
    await clock.run()
    engine.abort(new AppError('device.disconnected', 'The peer is gone.'))
    expect(await engine.done).toMatchObject({ ok: false, error: { code: 'device.disconnected' } })
  })
})

describe('a failure', () => {
  const failing = (node: TestNode) =>
    createTestEngine({
      nodes: { source: numbers(range(5)), bad: node, sink: collect([]) },
      wires: ['source.out -> bad.in', 'bad.out -> sink.in'],
    }).run()

  test('of an executor names node and source, and keeps the cause', async () => {
    const cause = new Error('out of cheese')
    const outcome = await failing(
      map((value) => {
        if (value === 2) throw cause
        return value
      }),
    )
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'node.failed', message: 'Node bad failed on picture 2: out of cheese', cause },
    })
  })

  test('of an executor that answers later is no different', async () => {
    const outcome = await failing({ execute: () => Promise.reject(new Error('late')) })
    expect(outcome).toMatchObject({ error: { code: 'node.failed', message: 'Node bad failed on picture 0: late' } })
  })

  test('that has a code keeps it', async () => {
    const error = new AppError('codec.payload-invalid', 'The bytes end early.')
    const outcome = await failing({ execute: () => Promise.reject(error) })
    expect(outcome).toMatchObject({
      error: { code: 'codec.payload-invalid', message: 'Node bad, on picture 0: The bytes end early.' },
    })
  })

  test('of a source or a stream stops the run', async () => {
    const source: TestNode = {
      produce: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no camera')) }) }),
    }
    const outcome = await createTestEngine({ nodes: { source }, wires: [] }).run()
    expect(outcome).toMatchObject({ error: { code: 'node.failed', message: 'Node source failed: no camera' } })
    const stream: TestNode = {
      async *stream(frames) {
        for await (const { seq } of frames) {
          if (seq === 1) throw new Error('no')
          yield { out: number(seq) }
        }
      },
    }
    expect(await failing(stream)).toMatchObject({ error: { message: 'Node bad failed on picture 1: no' } })
  })

  test('while preparing rejects with the node in the message, and nothing has been opened', async () => {
    const { engine } = createTestEngine({
      nodes: {
        source: numbers([]),
        net: { prepare: () => Promise.reject(new AppError('model.load-failed', 'Bad model.')) },
      },
      wires: ['source.out -> net.in'],
    })
    await expect(engine.prepare()).rejects.toMatchObject({
      code: 'model.load-failed',
      message: 'Node net: Bad model.',
    })
  })

  test('on one engine fails the engines that are linked to it', async () => {
    const clock = new VirtualClock()
    const links = createMemoryLinks()
    const a = createTestEngine(
      { nodes: { source: numbers(range(9), { everyMs: 5 }) }, wires: ['source.out -> l.in'], links: { l: 'send' } },
      { clock, links },
    )
    const b = createTestEngine(
      {
        nodes: {
          bad: map((value) => {
            if (value === 3) throw new Error('no')
            return value
          }),
        },
        wires: ['l.out -> bad.in'],
        links: { l: 'receive' },
      },
      { clock, links },
    )
    for (const { engine } of [a, b]) await engine.prepare()
    for (const { engine } of [a, b]) engine.start()
    await clock.run()
    expect(await b.engine.done).toMatchObject({ error: { code: 'node.failed' } })
    expect(await a.engine.done).toMatchObject({ ok: false })
  })
})

test('a run whose nodes wait for each other fails instead of waiting for ever', async () => {
  // The merge brings two frames for each of c, so c fills its other wire, which a is to empty, whom the merge holds up.
  const either: TestNode = {
    inputs: ['a', 'b'],
    join: 'merge',
    execute: (inputs) => ({ out: inputs.a ?? inputs.b ?? number(Number.NaN) }),
  }
  const both: TestNode = { role: 'sink', inputs: ['a', 'b'], execute: () => undefined }
  const { run } = createTestEngine({
    nodes: {
      a: numbers(range(100)),
      b: numbers(range(100)),
      c: numbers(range(100)),
      either,
      first: both,
      second: both,
    },
    wires: [
      'a.out -> either.a',
      'b.out -> either.b',
      'a.out -> first.a',
      'c.out -> first.b',
      'either.out -> second.a',
      'c.out -> second.b',
    ],
  })
  expect(await run()).toMatchObject({ ok: false, error: { code: 'engine.stalled' } })
})

describe('a program', () => {
  test('with a cycle, an unknown node, or two wires into one input is refused', async () => {
    const step = map((value) => value)
    const prepare = (wires: string[]) => createTestEngine({ nodes: { a: step, b: step }, wires }).engine.prepare()
    await expect(prepare(['a.out -> b.in', 'b.out -> a.in'])).rejects.toMatchObject({ code: 'graph.cycle' })
    await expect(prepare(['a.out -> c.in'])).rejects.toMatchObject({ code: 'graph.node-missing' })
    await expect(prepare(['a.out -> constructor.in'])).rejects.toMatchObject({ code: 'graph.node-missing' })
    await expect(prepare(['a.out -> b.in', 'b.out -> b.in'])).rejects.toMatchObject({
      code: 'graph.input-connected-twice',
    })
  })
})
