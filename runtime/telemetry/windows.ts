import type { Clock } from '../../src/shared/node-kinds/nodeContext.ts'
import { LogHistogram } from '../../src/shared/profile/logHistogram.ts'
import type { NodeTelemetry, Telemetry, WireTelemetry } from '../../src/shared/wire/controlMessage.ts'
import type { NodeCounters, TelemetryRecorder, WireCounters } from './recorder.ts'
import { transportSpan, waitSpan } from './spanRing.ts'

/** Summaries of a run, made from its recorder: of the time since the last one, and of the whole. */
export interface TelemetryWindows {
  /** What happened since the last takeWindow, or since the start. Frames a second are frames / windowMs * 1000. */
  takeWindow(): Telemetry
  /** Everything since the start; windows go on undisturbed. */
  wholeRun(): Telemetry
}

const msPerNs = 1e-6

/** The one reader of `recorder`: percentiles within 2 %, counts exact, memory fixed whatever the length of the run. */
export function createTelemetryWindows(recorder: TelemetryRecorder, clock: Pick<Clock, 'nowNs'>): TelemetryWindows {
  const startNs = clock.nowNs()
  let windowStartNs = startNs
  const current: NodeTimes[] = []
  const past: NodeTimes[] = []
  let nodesBefore: NodeCounters[] = []
  let wiresBefore: WireCounters[] = []

  function absorb(): void {
    recorder.ring.drain((node, type, durationNs) => {
      if (type === transportSpan) return // has no place in the summary: it happens between two devices
      const times = timesAt(current, node)
      const histogram = type === waitSpan ? times.wait : times.compute
      histogram.add(durationNs)
    })
  }

  function summarise(
    sinceNs: number,
    times: readonly NodeTimes[],
    nodesSince: readonly NodeCounters[],
    wiresSince: readonly WireCounters[],
  ): Telemetry {
    const nodes: Record<string, NodeTelemetry> = {}
    for (const [i, counters] of recorder.nodes.entries()) {
      nodes[recorder.nodeIds[i] ?? ''] = nodeTelemetry(times[i], counters, nodesSince[i])
    }
    const wires: Record<string, WireTelemetry> = {}
    for (const [i, counters] of recorder.wires.entries()) {
      wires[recorder.wireIds[i] ?? ''] = wireTelemetry(counters, wiresSince[i])
    }
    return { windowMs: (clock.nowNs() - sinceNs) * msPerNs, nodes, wires }
  }

  recorder.onFull(absorb)
  return {
    takeWindow() {
      absorb()
      const telemetry = summarise(windowStartNs, current, nodesBefore, wiresBefore)
      for (const [i, times] of current.entries()) {
        if (times === undefined) continue // a node without a span yet
        addTimes(timesAt(past, i), times)
        times.wait.clear()
        times.compute.clear()
      }
      nodesBefore = recorder.nodes.map(({ frames, skipped }) => ({ frames, skipped }))
      wiresBefore = recorder.wires.map(copyOfWire)
      windowStartNs = clock.nowNs()
      return telemetry
    },
    wholeRun() {
      absorb()
      const all: NodeTimes[] = []
      for (const part of [past, current]) {
        for (const [i, times] of part.entries()) if (times !== undefined) addTimes(timesAt(all, i), times)
      }
      return summarise(startNs, all, [], [])
    },
  }
}

/** Durations in ns. For links, compute is the time to encode. */
interface NodeTimes {
  readonly wait: LogHistogram
  readonly compute: LogHistogram
}

function timesAt(list: NodeTimes[], node: number): NodeTimes {
  list[node] ??= { wait: new LogHistogram(), compute: new LogHistogram() }
  return list[node]
}

function addTimes(sum: NodeTimes, more: NodeTimes): void {
  sum.wait.addAll(more.wait)
  sum.compute.addAll(more.compute)
}

const nothing = { count: 0, p50: 0, p95: 0, p99: 0, max: 0 }

function nodeTelemetry(times: NodeTimes | undefined, now: NodeCounters, before?: NodeCounters): NodeTelemetry {
  return {
    waitMs: times?.wait.toDistribution(msPerNs) ?? nothing,
    computeMs: times?.compute.toDistribution(msPerNs) ?? nothing,
    frames: now.frames - (before?.frames ?? 0),
    skipped: now.skipped - (before?.skipped ?? 0),
  }
}

function wireTelemetry(now: WireCounters, before?: WireCounters): WireTelemetry {
  return {
    frames: now.frames - (before?.frames ?? 0),
    dropped: now.dropped - (before?.dropped ?? 0),
    queued: now.queued,
    capacity: now.capacity,
    bytes: now.bytes - (before?.bytes ?? 0),
  }
}

/** WireCounters are read through getters, so they are copied field by field. */
function copyOfWire({ frames, dropped, queued, capacity, bytes }: WireCounters): WireCounters {
  return { frames, dropped, queued, capacity, bytes }
}
