import { AppError } from '../../../src/shared/errors/appError.ts'
import { assertNever } from '../../../src/shared/errors/bugError.ts'
import { TelemetryRecorder } from '../../telemetry/recorder.ts'
import { createMemoryLinks } from '../memoryLink.ts'
import {
  batchValues,
  gatePasses,
  mix,
  type RandomGraph,
  type RandomNode,
  sourceSkips,
  zipValue,
} from './randomGraph.ts'
import { createTestEngine, number, scalarOf, sleep, type TestGraph, type TestNode } from './testGraph.ts'
import { VirtualClock } from './virtualClock.ts'

export interface Placement {
  /** Engines that the nodes are spread over. */
  readonly devices: number
  /** Numbers to choose from: devices, latencies, policies behind links. */
  readonly choices: readonly number[]
}

export interface RandomRun {
  /** Engines that were not done when virtual time ran dry, or failed. */
  readonly stuck: number
  readonly failures: readonly string[]
  /** By sink. */
  readonly received: ReadonlyMap<number, readonly [seq: number, value: number][]>
  /** Frames offered to the wire of each sink, less what it dropped. */
  readonly delivered: ReadonlyMap<number, number>
  readonly timersLeft: number
}

type Wires = (readonly [string, TestGraph['wires'][number][1] & object])[]

/** Runs a random graph on one engine or on several that are joined by memory links, in virtual time. */
export async function runRandomGraph(graph: RandomGraph, { devices, choices }: Placement): Promise<RandomRun> {
  let at = 0
  const choose = (count: number) => (choices[at++ % Math.max(1, choices.length)] ?? 0) % count
  const clock = new VirtualClock()
  const received = new Map<number, [number, number][]>()
  const parts = Array.from({ length: devices }, () => ({
    nodes: {} as Record<string, TestNode>,
    wires: [] as Wires,
    links: {} as Record<string, 'send' | 'receive'>,
    telemetry: new TelemetryRecorder(16),
  }))
  const deviceOf = graph.nodes.map(() => choose(devices))
  for (const [id, node] of graph.nodes.entries()) {
    const part = parts[deviceOf[id] ?? 0]
    if (part !== undefined) part.nodes[`n${id}`] = toTestNode(id, node, clock, received)
  }
  const linkOf = new Map<string, string>()
  for (const [i, { from, to, input, policy }] of graph.wires.entries()) {
    const source = parts[deviceOf[from] ?? 0]
    const target = parts[deviceOf[to] ?? 0]
    const end = `n${to}.i${input}`
    if (source === undefined || target === undefined || source === target) {
      source?.wires.push([`n${from}.out -> ${end}`, policy])
      continue
    }
    const stream = `${from}>${deviceOf[to]}`
    const known = choose(2) === 0 ? linkOf.get(stream) : undefined
    const link = known ?? `l${i}`
    if (known === undefined) {
      linkOf.set(stream, link)
      source.links[link] = 'send'
      target.links[link] = 'receive'
      source.wires.push([`n${from}.out -> ${link}.in`, policy])
    }
    const behind = graph.lossless ? ({ kind: 'block', capacity: 1 + choose(4) } as const) : policy
    target.wires.push([`${link}.out -> ${end}`, behind])
  }
  const links = createMemoryLinks(() => {
    const most = choose(4)
    return most === 0 ? {} : { latency: { clock, ms: () => choose(most) } }
  })
  const engines = parts.map(({ telemetry, ...part }) => createTestEngine(part, { clock, links, telemetry }))
  for (const { engine } of engines) await engine.prepare()
  for (const { engine } of engines) engine.start()
  await clock.run()

  const delivered = new Map<number, number>()
  for (const { telemetry } of parts) {
    for (const [i, { frames, dropped }] of telemetry.wires.entries()) {
      const [node = ''] = (telemetry.wireIds[i] ?? '').split('.')
      if (node.startsWith('n')) delivered.set(Number(node.slice(1)), frames - dropped)
    }
  }
  const outcomes = engines.map(({ outcome }) => outcome())
  return {
    stuck: outcomes.filter((outcome) => outcome === undefined).length,
    failures: outcomes.flatMap((outcome) => (outcome?.ok === false ? [outcome.error.message] : [])),
    received,
    delivered,
    timersLeft: clock.pending,
  }
}

const skipped = new AppError('image.not-an-image', 'Skipped on purpose.')

function toTestNode(
  id: number,
  node: RandomNode,
  clock: VirtualClock,
  received: Map<number, [number, number][]>,
): TestNode {
  const { salt, maxMs, concurrency } = node
  /** Answers now, or after a time that differs from frame to frame. */
  function after<T>(seq: number, answer: () => T): T | Promise<T> {
    return maxMs === 0 ? answer() : clock.sleep(mix(salt, seq) % (maxMs + 1)).then(answer)
  }
  const step = (
    inputs: number,
    compute: (values: readonly (number | undefined)[]) => number | undefined,
    extra: Partial<TestNode> = {},
  ): TestNode => {
    const ports = Array.from({ length: inputs }, (_, i) => `i${i}`)
    return {
      inputs: ports,
      concurrency,
      execute: (tensors, { seq }) =>
        after(seq, () => {
          const value = compute(ports.map((port) => tensors[port] && scalarOf(tensors[port])))
          return value === undefined ? undefined : { out: number(value) }
        }),
      ...extra,
    }
  }
  switch (node.type) {
    case 'source':
      return {
        async *produce(context) {
          for (let seq = 0; seq < node.count; seq++) {
            if (node.everyMs > 0) await sleep(context.clock, node.everyMs)
            if (sourceSkips(node.skipEvery, seq)) yield { skipped }
            else yield { outputs: { out: number(mix(salt, seq)) } }
          }
        },
      }
    case 'map':
      return step(1, ([value = 0]) => mix(salt, value))
    case 'gate':
      return step(1, ([value = 0]) => (gatePasses(value) ? value : undefined))
    case 'zip':
      return step(node.inputs, ([a = Number.NaN, b = Number.NaN]) => zipValue(salt, [a, b]))
    case 'latest':
      return step(node.inputs, ([value, other]) => (other === undefined ? Number.NaN : value), { join: 'latest' })
    case 'merge':
      return step(node.inputs, (values) => values.find((value) => value !== undefined), { join: 'merge' })
    case 'batch':
      return {
        inputs: ['i0'],
        numbering: 'fresh',
        async *stream(frames) {
          let batch: number[] = []
          for await (const { inputs } of frames) {
            batch.push(scalarOf(inputs.i0))
            if (batch.length < node.size) continue
            for (const value of batchValues(batch, node.size)) yield { out: number(value) }
            batch = []
          }
          for (const value of batchValues(batch, node.size)) yield { out: number(value) }
        },
      }
    case 'sink': {
      const list: [number, number][] = []
      received.set(id, list)
      return {
        role: 'sink',
        inputs: ['i0'],
        execute: ({ i0 }, { seq }) => {
          list.push([seq, scalarOf(i0)])
          return after(seq, () => undefined)
        },
      }
    }
    default:
      return assertNever(node)
  }
}
