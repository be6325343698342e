import { z } from 'zod'
import { createEngine } from '../runtime/engine/engine.ts'
import { createMemoryLinks } from '../runtime/engine/memoryLink.ts'
import { TelemetryRecorder } from '../runtime/telemetry/recorder.ts'
import { createTelemetryWindows } from '../runtime/telemetry/windows.ts'
import type { Clock, NodeContext } from '../src/shared/node-kinds/nodeContext.ts'
import { defineNodeKind } from '../src/shared/node-kinds/nodeKind.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { bytesTensor } from '../src/shared/tensor/tensor.ts'
import type { DeviceProgram, ProgramNode } from '../src/shared/wire/deviceProgram.ts'
import { type BenchRow, judged } from './benchRow.ts'

const hops = 100
const frames = 2000
const warmUpFrames = 500
const rounds = 5

/** What the engine itself costs: nodes that do nothing, on wires inside one process. */
export async function benchEngine(): Promise<BenchRow[]> {
  const plain: number[] = []
  const traced: number[] = []
  const rate: number[] = []
  const tracedRate: number[] = []
  // Alternating, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round++) {
    plain.push(...(await hopTimesUs(false, true)))
    traced.push(...(await hopTimesUs(true, true)))
    rate.push(...(await hopTimesUs(false, false)))
    tracedRate.push(...(await hopTimesUs(true, false)))
  }
  const how = `a frame through a chain of ${hops} nodes that pass it on, ${frames * rounds} frames`
  const withSpans = percentile(traced, 0.5)
  const withoutSpans = percentile(plain, 0.5)
  return [
    judged('in-process node hop, p50', withSpans, 'us', '<= 5', `${how}, with spans, one frame at a time`),
    { name: 'in-process node hop, p95', value: percentile(traced, 0.95), unit: 'us', note: 'the same' },
    { name: 'in-process node hop without spans, p50', value: withoutSpans, unit: 'us', note: 'the same, no recorder' },
    {
      name: 'in-process node hop under load',
      value: percentile(tracedRate, 0.5),
      unit: 'us',
      note: `${percentile(rate, 0.5).toFixed(2)} us without spans; as fast as the source can, median round`,
    },
    { name: 'cost of two spans a hop', value: withSpans - withoutSpans, unit: 'us', note: 'wait and compute' },
  ]
}

/** Microseconds a hop: of each frame from source to sink, or (not `oneByOne`) of the whole run over all frames. */
async function hopTimesUs(spans: boolean, oneByOne: boolean): Promise<number[]> {
  const times: number[] = []
  let sentAtMs = 0
  let begunAtMs = 0
  let release: () => void = () => undefined
  const context = {} as NodeContext // these kinds use nothing of it
  const source = defineNodeKind({
    ...face('source'),
    inputs: {},
    async *produce() {
      const tensor = bytesTensor(new Uint8Array(16))
      for (let i = 0; i < warmUpFrames + frames; i++) {
        const arrived = new Promise<void>((resolve) => {
          release = resolve
        })
        sentAtMs = performance.now()
        if (i === warmUpFrames) begunAtMs = sentAtMs
        yield { outputs: { out: tensor } }
        if (oneByOne) await arrived
      }
    },
  })
  const pass = defineNodeKind({ ...face('pass'), execute: ({ in: tensor }) => (tensor ? { out: tensor } : undefined) })
  const sink = defineNodeKind({
    ...face('sink'),
    execute(_inputs, _params, _context, { seq }) {
      if (seq >= warmUpFrames) times.push(((performance.now() - sentAtMs) * 1000) / (hops + 1))
      release()
      return undefined
    },
  })
  const telemetry = spans ? new TelemetryRecorder() : undefined
  if (telemetry !== undefined) createTelemetryWindows(telemetry, clock) // reads what the ring cannot hold
  const engine = createEngine({
    program: chain(),
    kinds: new Map([source, pass, sink].map((kind) => [kind.id, kind])),
    links: createMemoryLinks(),
    clock,
    telemetry,
    contextFor: () => context,
  })
  await engine.prepare()
  engine.start()
  const outcome = await engine.done
  if (!outcome.ok) throw outcome.error
  return oneByOne ? times : [((performance.now() - begunAtMs) * 1000) / frames / (hops + 1)]
}

function face(id: string) {
  return {
    id,
    version: 1,
    label: id,
    group: 'Custom',
    summary: 'Of a benchmark.',
    params: z.strictObject({}),
    inputs: { in: { label: 'In' } },
    outputs: { out: { label: 'Out' } },
    inferOutputs: () => ({}),
  } as const
}

const clock: Clock = {
  nowNs: () => performance.now() * 1e6,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

function chain(): DeviceProgram {
  const ids = ['source', ...Array.from({ length: hops }, (_, i) => `pass${i}`), 'sink']
  const node = (id: string): ProgramNode => ({
    kind: id.replace(/\d+$/, ''),
    params: {},
    inputSpecs: {},
    outputSpecs: {},
    assets: {},
  })
  return {
    device: 'bench',
    deviceIndex: 0,
    nodes: Object.fromEntries(ids.map((id) => [id, node(id)])),
    wires: ids.slice(1).map((id, i) => ({ from: `${ids[i]}.out`, to: `${id}.in`, policy: { kind: 'block' } })),
    links: {},
  }
}
