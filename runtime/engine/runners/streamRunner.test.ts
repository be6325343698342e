import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/shared/errors/appError.ts'
import { collect, createTestEngine, number, numbers, range, scalarOf, slow } from '../testing/testGraph.ts'
import { VirtualClock } from '../testing/virtualClock.ts'
import { watchedSource } from '../testing/watchedSource.ts'

describe('a stream node', () => {
  test('numbers its outputs afresh; each began with the oldest frame consumed since the last', async () => {
    const seen: unknown[] = []
    const { run } = createTestEngine({
      nodes: {
        source: numbers(range(5)),
        pairs: {
          async *stream(frames) {
            let held: number | undefined
            for await (const { inputs } of frames) {
              const value = scalarOf(inputs.in)
              if (held !== undefined) yield { out: number(held + value) }
              held = held === undefined ? value : undefined
            }
            if (held !== undefined) yield { out: number(held) }
          },
        },
        sink: {
          role: 'sink',
          execute: (inputs, { seq, source }) => void seen.push([seq, scalarOf(inputs.in), source]),
        },
      },
      wires: ['source.out -> pairs.in', 'pairs.out -> sink.in'],
    })
    await run()
    expect(seen).toEqual([
      [0, 1, 'picture 0'],
      [1, 5, 'picture 2'],
      [2, 4, 'picture 4'],
    ])
  })

  test('that ends early lets its source end', async () => {
    const source = watchedSource()
    const received: [number, number][] = []
    const { run } = createTestEngine({
      nodes: {
        source: source.node,
        two: {
          async *stream(frames) {
            for await (const { seq, inputs } of frames) {
              yield { out: inputs.in ?? number(Number.NaN) }
              if (seq === 1) return
            }
          },
        },
        sink: collect(received),
      },
      wires: ['source.out -> two.in', 'two.out -> sink.in'],
    })
    expect(await run()).toMatchObject({ ok: true })
    expect(received).toEqual([
      [0, 0],
      [1, 1],
    ])
    expect(source.seen.open).toBe(0)
  })

  test('takes frames only as fast as its outputs are wanted', async () => {
    const clock = new VirtualClock()
    let taken = 0
    const { engine } = createTestEngine(
      {
        nodes: {
          source: numbers(range(100)),
          pass: {
            async *stream(frames) {
              for await (const { inputs } of frames) {
                taken++
                yield { out: inputs.in ?? number(Number.NaN) }
              }
            },
          },
          stuck: slow(clock, 1000),
        },
        wires: ['source.out -> pass.in', ['pass.out -> stuck.in', { kind: 'block', capacity: 2 }]],
      },
      { clock },
    )
    await engine.prepare()
    engine.start()
    await clock.run(500)
    expect(taken).toBe(3)
    engine.stop()
    await clock.run()
    await engine.done
  })

  test('that asks for more after the run has failed is told that there is no more', async () => {
    const clock = new VirtualClock()
    let cleanedUp = false
    const { engine } = createTestEngine(
      {
        nodes: {
          source: numbers(range(100)),
          slow: {
            async *stream(frames) {
              for await (const { inputs } of frames) {
                await clock.sleep(10)
                if (clock.nowNs() < 0) yield { out: inputs.in ?? number(Number.NaN) }
              }
              cleanedUp = true
            },
          },
        },
        wires: ['source.out -> slow.in'],
      },
      { clock },
    )
    await engine.prepare()
    engine.start()
    await clock.run(25)
    engine.abort(new AppError('device.disconnected', 'The peer is gone.'))
    await clock.run()
    expect(await engine.done).toMatchObject({ ok: false })
    expect(cleanedUp).toBe(true)
  })
})
