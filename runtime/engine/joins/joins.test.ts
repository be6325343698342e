import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/shared/errors/appError.ts'
import { joinOrigins, sumOrigins } from '../origins.ts'
import {
  collect,
  createTestEngine,
  map,
  number,
  numbers,
  range,
  scalarOf,
  sleep,
  slow,
  type TestNode,
} from '../testing/testGraph.ts'
import { VirtualClock } from '../testing/virtualClock.ts'

const error = new AppError('image.not-an-image', 'It is no picture.')

/** A node that joins inputs a and b to 100 a + b. */
const both: TestNode = {
  inputs: ['a', 'b'],
  execute: (inputs) => ({ out: number(100 * scalarOf(inputs.a) + scalarOf(inputs.b)) }),
}

/** What comes to the sink when `join` joins the sources a and b. */
async function joined(nodes: Record<string, TestNode>, clock = new VirtualClock()): Promise<[number, number][]> {
  const received: [number, number][] = []
  const { run } = createTestEngine(
    {
      nodes: { ...nodes, sink: collect(received) },
      wires: ['a.out -> join.a', 'b.out -> join.b', 'join.out -> sink.in'],
    },
    { clock },
  )
  expect(await run()).toEqual({ ok: true, value: undefined })
  return received
}

describe('zip', () => {
  test('joins frames of the same number', async () => {
    const clock = new VirtualClock()
    const a = numbers(range(5), { everyMs: 7 })
    expect(await joined({ a, b: numbers(range(5, 10)), join: both }, clock)).toEqual(
      range(5).map((i) => [i, 100 * i + 10 + i]),
    )
  })

  test('skips a number that one input skipped, without waiting for it', async () => {
    const a = numbers(range(6), { skips: [1, 2], error })
    const b = numbers(range(6), { skips: [2, 5], error })
    expect((await joined({ a, b, join: both })).map(([seq]) => seq)).toEqual([0, 3, 4])
  })

  test('throws away what comes too late, because the other input has skipped it', async () => {
    const a = numbers(range(4), { everyMs: 10 })
    const b = numbers(range(4), { skips: [0, 2], error })
    expect(await joined({ a, b, join: both })).toEqual([
      [1, 101],
      [3, 303],
    ])
  })

  test('ends with the input that ends first, and then the other source is told to end', async () => {
    let ended = 0
    const b: TestNode = {
      async *produce({ signal }) {
        try {
          while (!signal.aborted) yield { outputs: { out: number(1) } }
        } finally {
          ended++
        }
      },
    }
    expect(await joined({ a: numbers([7, 8]), b, join: both })).toEqual([
      [0, 701],
      [1, 801],
    ])
    expect(ended).toBe(1)
  })

  test('of a stream with what became of it completes, though a path is slow and skips', async () => {
    const clock = new VirtualClock()
    const received: [number, number][] = []
    const { run } = createTestEngine(
      {
        nodes: {
          source: numbers(range(30)),
          slow: slow(clock, 3, 4),
          some: map((value) => (value % 3 === 0 ? undefined : value)),
          join: both,
          sink: collect(received),
        },
        wires: [
          ['source.out -> slow.in', { kind: 'block', capacity: 1 }],
          'slow.out -> some.in',
          'some.out -> join.a',
          ['source.out -> join.b', { kind: 'block', capacity: 1 }],
          'join.out -> sink.in',
        ],
      },
      { clock },
    )
    await run()
    expect(received).toEqual(
      range(30)
        .filter((i) => i % 3 !== 0)
        .map((i) => [i, 101 * i]),
    )
  })

  test('of a stream with itself behind a wire that drops joins what is left', async () => {
    const clock = new VirtualClock()
    const received: [number, number][] = []
    const { run } = createTestEngine(
      {
        nodes: { source: numbers(range(20)), slow: slow(clock, 3), join: both, sink: collect(received) },
        wires: [
          ['source.out -> slow.in', { kind: 'latest' }],
          'slow.out -> join.a',
          ['source.out -> join.b', { kind: 'drop-newest', capacity: 20 }],
          'join.out -> sink.in',
        ],
      },
      { clock },
    )
    await run()
    expect(received).toEqual([
      [0, 0],
      [19, 1919],
    ])
  })
})

describe('latest', () => {
  const join: TestNode = { ...both, join: 'latest' }

  test('gives each frame of the first input with the newest of the other', async () => {
    const a = numbers([1, 2, 3, 4], { everyMs: 10 })
    const b = numbers(range(9), { everyMs: 4 })
    expect(await joined({ a, b, join })).toEqual([
      [0, 101],
      [1, 203],
      [2, 306],
      [3, 408],
    ])
  })

  test('skips frames of the first input until the other has one, and keeps the last after its end', async () => {
    const a = numbers([1, 2, 3, 4], { everyMs: 10 })
    const b = numbers([5], { everyMs: 25 })
    expect(await joined({ a, b, join })).toEqual([
      [2, 305],
      [3, 405],
    ])
  })

  test('never holds the other inputs up', async () => {
    const clock = new VirtualClock()
    const a = numbers([1], { everyMs: 1000 })
    const b = numbers(range(50), { everyMs: 1 })
    expect(await joined({ a, b, join }, clock)).toEqual([[0, 149]])
  })

  test('ends when another input ended without a frame', async () => {
    expect(await joined({ a: numbers(range(10), { everyMs: 5 }), b: numbers([]), join })).toEqual([])
  })

  test('ends with the first input, although the other goes on', async () => {
    const b: TestNode = {
      async *produce({ signal, clock }) {
        for (; !signal.aborted; await sleep(clock, 1)) yield { outputs: { out: number(1) } }
      },
    }
    expect(await joined({ a: numbers([1, 2], { everyMs: 5 }), b, join })).toEqual([
      [0, 101],
      [1, 201],
    ])
  })

  test('takes the order of inputs from the kind, not from the wires', async () => {
    const received: [number, number][] = []
    const { run } = createTestEngine({
      nodes: { a: numbers([1, 2], { everyMs: 5 }), b: numbers([7]), join, sink: collect(received) },
      wires: ['b.out -> join.b', 'a.out -> join.a', 'join.out -> sink.in'],
    })
    await run()
    expect(received.map(([, value]) => value)).toEqual([107, 207])
  })
})

describe('merge', () => {
  const join: TestNode = {
    inputs: ['a', 'b'],
    join: 'merge',
    execute: (inputs) => ({ out: inputs.a ?? inputs.b ?? number(Number.NaN) }),
  }

  test('gives frames of all inputs as they come, numbered afresh', async () => {
    const a = numbers([1, 2, 3], { everyMs: 10 })
    const b = numbers([10, 20], { everyMs: 12 })
    expect(await joined({ a, b, join })).toEqual([
      [0, 1],
      [1, 10],
      [2, 2],
      [3, 20],
      [4, 3],
    ])
  })

  test('ends when all inputs have ended', async () => {
    const a = numbers([1])
    const b = numbers([2, 3], { everyMs: 50 })
    expect((await joined({ a, b, join })).map(([, value]) => value)).toEqual([1, 2, 3])
  })

  test('prefers no input: what came first goes first, also when both wires are full', async () => {
    const clock = new VirtualClock()
    const work: TestNode = {
      ...join,
      async execute(inputs) {
        await clock.sleep(5)
        return { out: inputs.a ?? inputs.b ?? number(Number.NaN) }
      },
    }
    const values = (await joined({ a: numbers(range(20)), b: numbers(range(20, 100)), join: work }, clock)).map(
      ([, value]) => value,
    )
    const half = values.slice(0, 20)
    expect(Math.abs(half.filter((value) => value >= 100).length - 10)).toBeLessThanOrEqual(1)
    expect(values.toSorted((x, y) => x - y)).toEqual([...range(20), ...range(20, 100)])
  })
})

test('trails of joined streams are merged by link, and what both came over counts once', () => {
  const origin = (...trail: [link: number, bytes: number][]) => ({
    capturedAtNs: 1,
    device: 0,
    trail: trail.map(([link, bytes]) => ({ link, bytes })),
  })
  expect(joinOrigins(origin([0, 10], [1, 5]), origin([0, 10], [2, 7]))).toEqual(origin([0, 10], [1, 5], [2, 7]))
  expect(sumOrigins(origin([0, 10]), origin([0, 30], [1, 1]))).toEqual(origin([0, 40], [1, 1]))
})
