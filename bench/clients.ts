import { createModelLibrary } from '../src/host/models/modelLibrary.ts'
import type { ClientInput } from '../src/host/run/runGraph.ts'
import { unwrap } from '../src/shared/errors/result.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { createTensor } from '../src/shared/tensor/tensor.ts'
import { elementCountOf } from '../src/shared/tensor/tensorSpec.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { startDeviceProcess } from './support/deviceProcess.ts'
import { runOn } from './support/runOn.ts'

const clients = 16
const fps = 30
const seconds = 10
/** Rounds alternate quiet and disturbed, so that a change of the machine's mood falls on both. */
const rounds = 3
const model = 'mobilenet_v2'
/** The clients send what a phone would at a late cut: small frames, a short tail. */
const maxFrameBytes = 8 * 1024

/** Many clients of one server: fairness among equals, and what one that floods does to the others' p95. */
export async function benchClients(): Promise<readonly BenchRow[]> {
  const server = await startDeviceProcess('cloud')
  try {
    const quiet: number[][] = []
    const disturbed: number[][] = []
    let delivered: number[] = []
    for (let round = 0; round < rounds; round++) {
      const calm = await runClients(server.address, false)
      quiet.push(calm.map(({ p95 }) => p95))
      delivered = calm.map(({ frames }) => frames)
      disturbed.push((await runClients(server.address, true)).map(({ p95 }) => p95))
    }
    const before = percentile(quiet.flat(), 0.5)
    const after = percentile(disturbed.flat(), 0.5)
    const note = `p95 ${before.toFixed(2)} ms with ${clients} clients at ${fps} fps, ${after.toFixed(2)} ms beside one more that floods`
    return [
      judged('16 clients: p95 beside a flooding client / without', after / before, 'x', '<= 1.2', note),
      judged("16 clients: Jain's fairness of frames", jain(delivered), '', '>= 0.95'),
    ]
  } finally {
    await server.stop()
  }
}

interface ClientResult {
  readonly frames: number
  readonly p95: number
}

async function runClients(address: string, flooded: boolean): Promise<readonly ClientResult[]> {
  const { cut, shape } = await lateCut()
  const document = tailGraph(cut, shape)
  const stop = new AbortController()
  const flood = flooded
    ? runOn(
        document,
        { server: address },
        {
          signal: stop.signal,
          inputs: { frames: asFastAsPossible(shape, stop.signal) },
          onOutput: () => undefined,
        },
      ).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error
      })
    : undefined
  const results = await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const latencies: number[] = []
      await runOn(
        document,
        { server: address },
        {
          inputs: { frames: paced(shape, index) },
          onOutput: ({ latencyMs }) => void latencies.push(latencyMs),
        },
      )
      return { frames: latencies.length, p95: percentile(latencies, 0.95) }
    }),
  )
  stop.abort()
  await flood
  return results
}

async function lateCut(): Promise<{ cut: string; shape: readonly number[] }> {
  const cuts = unwrap(await createModelLibrary().cuts(model, 1)).cuts
  const small = cuts.filter(({ tensors, bytes }) => tensors.length === 1 && (bytes ?? Infinity) <= maxFrameBytes)
  const tensor = small[0]?.tensors[0]
  if (tensor === undefined) throw new Error(`${model} has no cut of at most ${maxFrameBytes} bytes`)
  return { cut: tensor.name, shape: (tensor.shape ?? []).map((size) => (typeof size === 'number' ? size : 1)) }
}

function tailGraph(cut: string, shape: readonly number[]): object {
  return {
    title: 'A tail for many clients',
    devices: { server: { role: 'cloud' } },
    nodes: {
      frames: { kind: 'graph-input', device: 'server', params: { dtype: 'float32', shape } },
      tail: { kind: 'onnx-model', device: 'server', params: { model, inputs: [cut] } },
      out: { kind: 'graph-output', device: 'server', params: {} },
    },
    wires: [
      { from: 'frames.value', to: `tail.${cut}` },
      { from: 'tail.logits', to: 'out.value' },
    ],
  }
}

async function* paced(shape: readonly number[], index: number): AsyncGenerator<ClientInput> {
  const startedAt = performance.now() + (index * 1000) / fps / clients
  for (let frame = 0; frame < fps * seconds; frame++) {
    const waitMs = startedAt + (frame * 1000) / fps - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    yield { tensor: randomTensor(shape) }
  }
}

async function* asFastAsPossible(shape: readonly number[], signal: AbortSignal): AsyncGenerator<ClientInput> {
  const tensor = randomTensor(shape)
  while (!signal.aborted) yield { tensor }
}

function randomTensor(shape: readonly number[]) {
  const data = new Float32Array(elementCountOf(shape) ?? 1)
  for (let i = 0; i < data.length; i++) data[i] = Math.random()
  return createTensor('float32', shape, data)
}

function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value * value, 0)
  return (sum * sum) / (values.length * squares)
}
