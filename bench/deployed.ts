import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ClientInput } from '../src/host/run/runGraph.ts'
import { deviceProcessFlags } from '../src/node/deviceProcessFlags.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { createTensor } from '../src/shared/tensor/tensor.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { measureEchoPeers } from './links.ts'
import { startDeviceProcess } from './support/deviceProcess.ts'
import { runOn } from './support/runOn.ts'

const echoes = 5000
const warmUp = 500
const splitFrames = 300
/** Far below what the pair can do, so that no frame waits for another. */
const splitFps = 20
/** The first frames of a session pay for its start. */
const splitWarmUp = 30
const examples = fileURLToPath(new URL('../examples/', import.meta.url))

/** What a whole deployed graph costs on real device processes, beyond what its nodes compute. */
export async function benchDeployed(): Promise<readonly BenchRow[]> {
  return [...(await echo()), ...(await splitRun())]
}

/** 4 KB to a device and back through a graph that does nothing; raw sockets and gRPC between two processes beside it. */
async function echo(): Promise<readonly BenchRow[]> {
  const server = await startDeviceProcess('cloud')
  try {
    const times: number[] = []
    let answered: (() => void) | undefined
    let sentAt = 0
    async function* pings(): AsyncGenerator<ClientInput> {
      const tensor = createTensor('uint8', [4096], new Uint8Array(4096))
      for (let i = 0; i < echoes + warmUp; i++) {
        const answer = new Promise<void>((resolve) => {
          answered = resolve
        })
        sentAt = performance.now()
        yield { tensor }
        await answer
      }
    }
    await runOn(
      echoGraph(),
      { server: server.address },
      {
        inputs: { ping: pings() },
        onOutput: () => {
          times.push(performance.now() - sentAt)
          answered?.()
        },
      },
    )
    const ours = percentile(times.slice(warmUp), 0.5) * 1000
    const peers = await measureEchoPeers()
    const note = `raw node:net ${peers.rawUs.toFixed(0)} us, gRPC-js ${peers.grpcUs.toFixed(0)} us`
    return [
      judged('echo of 4 KB through a deployed graph, p50', ours, 'us', '<= 200', note),
      judged('the same / gRPC-js', ours / peers.grpcUs, 'x', '<= 1', note),
    ]
  } finally {
    await server.stop()
  }
}

function echoGraph(): object {
  return {
    title: 'Echo',
    devices: { server: { role: 'cloud' } },
    nodes: {
      ping: { kind: 'graph-input', device: 'server', params: { dtype: 'uint8', shape: [4096] } },
      pong: { kind: 'graph-output', device: 'server', params: {} },
    },
    wires: [{ from: 'ping.value', to: 'pong.value' }],
  }
}

/** The example's split, edge to cloud to client, one frame at a time and then as fast as it goes. */
async function splitRun(): Promise<readonly BenchRow[]> {
  const [phone, server] = await Promise.all([startTracedDevice('edge'), startTracedDevice('cloud')])
  const addresses = { phone: phone.address, server: server.address }
  try {
    const arrivals: number[] = []
    const flatOut = await runOn(await splitGraph(0, splitFrames), addresses, {
      folder: examples,
      onOutput: () => void arrivals.push(performance.now()),
    })
    const [slowNode, slowestMs] = Object.entries(flatOut.nodes)
      .map(([id, { computeMs }]) => [id, computeMs.p50] as const)
      .reduce((slowest, each) => (each[1] > slowest[1] ? each : slowest), ['', 0])
    const perFrameMs = ((arrivals.at(-1) ?? 0) - (arrivals[splitWarmUp] ?? 0)) / (arrivals.length - splitWarmUp - 1)

    // After the run at full speed, so that all code on the way is compiled as it is in a pipeline that runs for a while.
    await Promise.all([phone.computedMs(), server.computedMs()])
    const latencies: number[] = []
    let bytes = 0
    await runOn(await splitGraph(splitFps, splitFrames), addresses, {
      folder: examples,
      onOutput: ({ seq, latencyMs, wireBytes }) => {
        latencies[seq] = latencyMs
        bytes = Math.max(bytes, wireBytes)
      },
    })
    const [onPhone, onServer] = await Promise.all([phone.computedMs(), server.computedMs()])
    const computing = latencies.map((_, seq) => (onPhone[seq] ?? 0) + (onServer[seq] ?? 0)).slice(splitWarmUp)
    const above = latencies.slice(splitWarmUp).map((latencyMs, index) => latencyMs - (computing[index] ?? 0))
    const note = `per frame; all nodes compute ${percentile(computing, 0.5).toFixed(2)} ms, largest payload ${(bytes / 1024).toFixed(1)} KB`
    return [
      judged('split run: latency above computing, p50', percentile(above, 0.5), 'ms', '<= 0.5', note),
      judged('split run: latency above computing, p95', percentile(above, 0.95), 'ms', '<= 1.5', note),
      judged(
        'pipelined rate / rate of the slowest node',
        slowestMs / perFrameMs,
        '',
        '>= 0.9',
        `${(1000 / perFrameMs).toFixed(0)} frames a second; ${slowNode} takes ${slowestMs.toFixed(2)} ms`,
      ),
    ]
  } finally {
    phone.stop()
    server.stop()
  }
}

/** tracedDevice.ts as a process: latency above computing needs both for the same frame. */
async function startTracedDevice(role: 'edge' | 'cloud') {
  const child = fork(fileURLToPath(new URL('./support/tracedDevice.ts', import.meta.url)), [role], {
    execArgv: [...deviceProcessFlags],
  })
  const next = <T>() => new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)))
  const { address } = await next<{ address: string }>()
  return {
    address,
    async computedMs() {
      const answer = next<{ computedMs: readonly number[] }>()
      child.send('times')
      return (await answer).computedMs
    },
    stop: () => child.disconnect(),
  }
}

/** The example from its preprocessing on, fed by drawn frames: decoding pictures is not what is measured. */
async function splitGraph(fps: number, count: number): Promise<object> {
  const graph = JSON.parse(await readFile(`${examples}/photo-split.graph.json`, 'utf8'))
  const { photos: _photos, crop: _crop, ...nodes } = graph.nodes
  const frames = {
    kind: 'synthetic-frames',
    device: 'phone',
    params: { width: 224, height: 224, fps, count, pattern: 'noise' },
  }
  const wires = graph.wires.filter(({ to }: { to: string }) => !to.startsWith('crop.') && to !== 'scale.image')
  return {
    ...graph,
    nodes: { ...nodes, frames },
    wires: [...wires, { from: 'frames.image', to: 'scale.image' }],
    layout: {},
  }
}
