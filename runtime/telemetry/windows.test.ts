import { describe, expect, test } from 'vitest'
import { telemetrySchema } from '../../src/shared/wire/controlMessage.ts'
import { TelemetryRecorder } from './recorder.ts'
import { computeSpan, encodeSpan, waitSpan } from './spanRing.ts'
import { createTelemetryWindows } from './windows.ts'

/** A recorder with one node and one wire whose counts the test sets, on a clock that the test sets. */
function setUp(capacitySpans?: number) {
  const time = { ns: 0 }
  const node = { frames: 0, skipped: 0 }
  const wire = { frames: 0, dropped: 0, queued: 0, capacity: 4, bytes: 0 }
  const recorder = new TelemetryRecorder(capacitySpans)
  const index = recorder.registerNode('work', node)
  recorder.registerWire('work.in', wire)
  const windows = createTelemetryWindows(recorder, { nowNs: () => time.ns })
  return { time, node, wire, recorder, index, windows }
}

const nothing = { count: 0, p50: 0, p95: 0, p99: 0, max: 0 }

describe('TelemetryWindows', () => {
  test('a window has what happened since the last one; the whole run has everything', () => {
    const { time, node, wire, recorder, index, windows } = setUp()
    recorder.record(index, 0, waitSpan, 0, 1e6)
    recorder.record(index, 0, computeSpan, 1e6, 5e6)
    Object.assign(node, { frames: 1 })
    Object.assign(wire, { frames: 3, dropped: 1, queued: 1, bytes: 100 })
    time.ns = 200e6
    const first = windows.takeWindow()
    expect(first.windowMs).toBe(200)
    expect(first.nodes.work?.computeMs).toMatchObject({ count: 1, max: 4 })
    expect(first.nodes.work?.waitMs).toMatchObject({ count: 1, max: 1 })
    expect(first.wires['work.in']).toEqual({ frames: 3, dropped: 1, queued: 1, capacity: 4, bytes: 100 })

    recorder.record(index, 1, encodeSpan, 6e6, 8e6)
    Object.assign(node, { frames: 2, skipped: 1 })
    Object.assign(wire, { frames: 4, queued: 0, bytes: 150 })
    time.ns = 300e6
    const second = windows.takeWindow()
    expect(second).toMatchObject({
      windowMs: 100,
      nodes: { work: { computeMs: { count: 1, max: 2 }, waitMs: nothing, frames: 1, skipped: 1 } },
      wires: { 'work.in': { frames: 1, dropped: 0, queued: 0, bytes: 50 } },
    })
    expect(windows.wholeRun()).toMatchObject({
      windowMs: 300,
      nodes: { work: { computeMs: { count: 2, max: 4 }, waitMs: { count: 1 }, frames: 2, skipped: 1 } },
      wires: { 'work.in': { frames: 4, dropped: 1, bytes: 150 } },
    })
  })

  test('a run much longer than the ring loses no span from its counts', () => {
    const { recorder, index, windows } = setUp(16)
    for (let seq = 0; seq < 1000; seq++) recorder.record(index, seq, computeSpan, seq, seq + 1000)
    expect(windows.takeWindow().nodes.work?.computeMs.count).toBe(1000)
  })

  test('the latest spans stay readable after they were counted, oldest first', () => {
    const { recorder, index, windows } = setUp(2)
    for (const seq of [0, 1, 2]) recorder.record(index, seq, computeSpan, seq * 10, seq * 10 + 5)
    windows.takeWindow()
    expect(recorder.latestSpans()).toEqual([
      { node: 'work', seq: 1, type: 'compute', startNs: 10, endNs: 15 },
      { node: 'work', seq: 2, type: 'compute', startNs: 20, endNs: 25 },
    ])
  })

  test('a recorder that nobody reads keeps the latest spans and goes on', () => {
    const recorder = new TelemetryRecorder(2)
    for (let seq = 0; seq < 5; seq++) recorder.record(0, seq, waitSpan, 0, 1)
    expect(recorder.latestSpans().map(({ seq }) => seq)).toEqual([3, 4])
  })

  test('summaries fit the control protocol, also before the first frame', () => {
    const { windows } = setUp()
    expect(telemetrySchema.parse(windows.wholeRun()).nodes.work).toEqual({
      waitMs: nothing,
      computeMs: nothing,
      frames: 0,
      skipped: 0,
    })
  })
})
