import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ClientInput } from '../src/host/run/runGraph.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { type BenchRow, judged } from './benchRow.ts'
import type { BadClient } from './support/badClient.ts'
import { startDeviceProcess } from './support/deviceProcess.ts'
import { runOn } from './support/runOn.ts'
import { randomTensor, tailRun } from './support/tailRun.ts'

const badClients: readonly BadClient[] = ['slow', 'flooding']
const badClient = fileURLToPath(new URL('./support/badClient.ts', import.meta.url))
const clients = 16
const fps = 30
const seconds = 5
/** Rounds alternate quiet and disturbed, so that a change of the machine's mood falls on both. */
const rounds = 3

/** Many clients of one server: fairness among equals, and what a bad one in a process of its own does to the others' p95. */
export async function benchClients(): Promise<readonly BenchRow[]> {
  const server = await startDeviceProcess('cloud')
  try {
    const p95s: Record<BadClient | 'none', number[]> = { none: [], slow: [], flooding: [] }
    let delivered: number[] = []
    for (let round = 0; round < rounds; round++) {
      const calm = await runClients(server.address)
      delivered = calm.map(({ frames }) => frames)
      p95s.none.push(...calm.map(({ p95 }) => p95))
      for (const bad of badClients) p95s[bad].push(...(await runClients(server.address, bad)).map(({ p95 }) => p95))
    }
    const without = percentile(p95s.none, 0.5)
    const rows = badClients.map((bad) => {
      const beside = percentile(p95s[bad], 0.5)
      const note = `p95 ${without.toFixed(2)} ms with ${clients} clients at ${fps} fps, ${beside.toFixed(2)} ms beside one more`
      return judged(`16 clients: p95 beside a ${bad} client / without`, beside / without, 'x', '<= 1.2', note)
    })
    return [...rows, judged("16 clients: Jain's fairness of frames", jain(delivered), '', '>= 0.95')]
  } finally {
    await server.stop()
  }
}

interface ClientResult {
  readonly frames: number
  readonly p95: number
}

async function runClients(address: string, bad?: BadClient): Promise<readonly ClientResult[]> {
  const { document, shape } = await tailRun()
  const child = bad === undefined ? undefined : fork(badClient, [bad, address])
  if (child !== undefined) await once(child, 'message') // it is under way
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
  child?.kill()
  return results
}

async function* paced(shape: readonly number[], index: number): AsyncGenerator<ClientInput> {
  const startedAt = performance.now() + (index * 1000) / fps / clients
  for (let frame = 0; frame < fps * seconds; frame++) {
    const waitMs = startedAt + (frame * 1000) / fps - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    yield { tensor: randomTensor(shape) }
  }
}

function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value * value, 0)
  return (sum * sum) / (values.length * squares)
}
