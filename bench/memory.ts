import type { WirePolicy } from '../src/shared/graph/wirePolicy.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { startDeviceProcess } from './support/deviceProcess.ts'
import { runOn } from './support/runOn.ts'

const seconds = 60
const sourceFps = 100
/** Ten times slower than the source. */
const consumerMs = (1000 / sourceFps) * 10
/** Until here queues fill and code warms up; growth counts from here. */
const settledAfterMs = 10_000

const policies: readonly WirePolicy[] = [
  { kind: 'block' },
  { kind: 'latest' },
  { kind: 'drop-oldest', capacity: 4 },
  { kind: 'drop-newest', capacity: 4 },
  { kind: 'sample', fps: 30 },
]

/** Memory of two device processes while the client takes ten times longer for a frame than the source gives it. */
export async function benchMemory(): Promise<readonly BenchRow[]> {
  return Promise.all(policies.map(growthUnder)) // side by side: five minutes of waiting would measure no more
}

async function growthUnder(policy: WirePolicy): Promise<BenchRow> {
  const name = `memory growth, consumer 10 x too slow, ${policy.kind}`
  const [phone, server] = await Promise.all([startDeviceProcess('edge'), startDeviceProcess('cloud')])
  const resident = async () => ((await phone.residentBytes()) ?? 0) + ((await server.residentBytes()) ?? 0)
  const stop = new AbortController()
  const startedAt = performance.now()
  let settled: number | undefined
  let growth = 0
  try {
    await runOn(
      slowConsumerGraph(policy),
      { phone: phone.address, server: server.address },
      {
        signal: stop.signal,
        onOutput: async () => {
          await new Promise((resolve) => setTimeout(resolve, consumerMs))
          const elapsedMs = performance.now() - startedAt
          if (elapsedMs < settledAfterMs) return
          const now = await resident()
          settled ??= now
          growth = Math.max(growth, now - settled)
          if (elapsedMs > seconds * 1000) stop.abort()
        },
      },
    ).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error // stopping with frames in flight is how this ends
    })
    return judged(name, growth / 1024 ** 2, 'MB', '<= 32', `${seconds} s at ${sourceFps} frames a second of 150 KB`)
  } finally {
    await Promise.all([phone.stop(), server.stop()])
  }
}

function slowConsumerGraph(policy: WirePolicy): object {
  return {
    title: 'A slow consumer',
    devices: { phone: { role: 'edge' }, server: { role: 'cloud' } },
    nodes: {
      frames: {
        kind: 'synthetic-frames',
        device: 'phone',
        params: { width: 224, height: 224, count: 1_000_000, fps: sourceFps },
      },
      link: { kind: 'tcp-transport', from: 'phone', to: 'server', params: {} },
      out: { kind: 'graph-output', device: 'server', params: {} },
    },
    wires: [
      { from: 'frames.image', to: 'link.in', policy },
      { from: 'link.out', to: 'out.value', policy },
    ],
  }
}
