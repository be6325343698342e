import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WirePolicy } from '../../src/shared/graph/wirePolicy.ts'
import { TelemetryRecorder, type WireCounters } from '../telemetry/recorder.ts'
import { collect, createTestEngine, map, numbers, range, type TestNode } from './testing/testGraph.ts'
import { VirtualClock } from './testing/virtualClock.ts'

interface Outcome {
  readonly numbers: number[]
  readonly wire: WireCounters | undefined
}

/** What a consumer that needs `workMs` a frame gets over a wire of `policy`. */
async function consume(policy: WirePolicy, source: TestNode, workMs: number): Promise<Outcome> {
  const clock = new VirtualClock()
  const seen: number[] = []
  const telemetry = new TelemetryRecorder()
  const sink: TestNode = {
    role: 'sink',
    async execute(_inputs, { seq }) {
      seen.push(seq)
      await clock.sleep(workMs)
      return undefined
    },
  }
  const { run } = createTestEngine(
    { nodes: { source, sink }, wires: [['source.out -> sink.in', policy]] },
    { clock, telemetry },
  )
  await run()
  return { numbers: seen, wire: telemetry.wires[telemetry.wireIds.indexOf('sink.in')] }
}

const every1Ms = () => numbers(range(20), { everyMs: 1 })

describe('a wire before a consumer ten times slower', () => {
  test('block: loses nothing', async () => {
    const { numbers: seen, wire } = await consume({ kind: 'block', capacity: 2 }, every1Ms(), 10.5)
    expect(seen).toEqual(range(20))
    expect(wire).toMatchObject({ frames: 20, dropped: 0, capacity: 2 })
  })

  test('latest: gives the newest whenever the consumer is free', async () => {
    const { numbers: seen, wire } = await consume({ kind: 'latest' }, every1Ms(), 10.5)
    expect(seen).toEqual([0, 10, 19])
    expect(wire).toMatchObject({ frames: 20, dropped: 17, capacity: 1 })
  })

  test('drop-oldest: keeps the newest few', async () => {
    const { numbers: seen, wire } = await consume({ kind: 'drop-oldest', capacity: 3 }, every1Ms(), 10.5)
    expect(seen).toEqual([0, 8, 17, 18, 19])
    expect(wire).toMatchObject({ frames: 20, dropped: 15 })
  })

  test('drop-newest: keeps the oldest few', async () => {
    const { numbers: seen, wire } = await consume({ kind: 'drop-newest', capacity: 3 }, every1Ms(), 10.5)
    expect(seen).toEqual([0, 1, 2, 3, 11])
    expect(wire).toMatchObject({ frames: 20, dropped: 15 })
  })

  test('sample: lets frames pass at its rate and blocks with these', async () => {
    const { numbers: seen, wire } = await consume({ kind: 'sample', fps: 250 }, every1Ms(), 0)
    expect(seen).toEqual([0, 4, 8, 12, 16])
    expect(wire).toMatchObject({ frames: 20, dropped: 15 })
  })
})

test('sample keeps its rate for a source whose rate is no multiple of it', async () => {
  const { numbers: seen } = await consume({ kind: 'sample', fps: 100 }, numbers(range(300), { everyMs: 3.7 }), 0)
  // 300 frames take 1.11 s.
  expect(Math.abs(seen.length - 111)).toBeLessThanOrEqual(1)
})

test('each wire of a fan-out follows its own policy; the blocking one sets the pace', async () => {
  const clock = new VirtualClock()
  const all: [number, number][] = []
  const some: number[] = []
  const { run } = createTestEngine(
    {
      nodes: {
        source: numbers(range(12)),
        steady: { ...collect(all), execute: (_inputs, { seq }) => clock.sleep(2).then(() => void all.push([seq, 0])) },
        rare: { role: 'sink', execute: (_inputs, { seq }) => clock.sleep(7).then(() => void some.push(seq)) },
      },
      wires: ['source.out -> steady.in', ['source.out -> rare.in', { kind: 'latest' }]],
    },
    { clock },
  )
  await run()
  expect(all.map(([seq]) => seq)).toEqual(range(12))
  expect(some.length).toBeLessThan(12)
  expect(some.at(-1)).toBe(11)
})

const policy: fc.Arbitrary<WirePolicy> = fc.oneof(
  fc.record({ kind: fc.constant('block' as const), capacity: fc.integer({ min: 1, max: 20 }) }),
  fc.constant({ kind: 'latest' as const }),
  fc.record({ kind: fc.constant('drop-oldest' as const), capacity: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('drop-newest' as const), capacity: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('sample' as const), fps: fc.integer({ min: 1, max: 1000 }) }),
)

test('100,000 frames into a slow consumer keep every queue at its bound, whatever the policy', async () => {
  const counts = range(5).map((_, i) => fc.sample(policy, { seed: i + 1, numRuns: 40 }))
  const kinds: readonly WirePolicy['kind'][] = ['block', 'latest', 'drop-oldest', 'drop-newest', 'sample']
  for (const kind of kinds) {
    const chosen = counts.flat().find((each) => each.kind === kind) ?? { kind: 'latest' }
    const clock = new VirtualClock()
    const telemetry = new TelemetryRecorder()
    let most = 0
    let taken = 0
    const wire = () => telemetry.wires[telemetry.wireIds.indexOf('sink.in')]
    const { run } = createTestEngine(
      {
        nodes: {
          source: numbers(range(100_000)),
          pass: map((value) => {
            most = Math.max(most, wire()?.queued ?? 0)
            return value
          }),
          sink: {
            role: 'sink',
            execute: () => (++taken % 100 === 0 ? clock.sleep(1).then(() => undefined) : undefined),
          },
        },
        wires: ['source.out -> pass.in', ['pass.out -> sink.in', chosen]],
      },
      { clock, telemetry },
    )
    await run()
    const { frames = 0, dropped = 0, capacity = 0, queued } = wire() ?? {}
    expect({ kind, frames, taken, queued }).toEqual({ kind, frames: 100_000, taken: frames - dropped, queued: 0 })
    expect(most).toBeLessThanOrEqual(capacity)
  }
})
