import { setImmediate } from 'node:timers/promises'
import type { ClientInput } from '../src/host/run/runGraph.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { createTensor } from '../src/shared/tensor/tensor.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { startDeviceProcess } from './support/deviceProcess.ts'
import { benchEchoPeers } from './support/echoPeers.ts'
import { runOn } from './support/runOn.ts'

const echoes = 5000
const warmUp = 500
const splitFrames = 300

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
    await runOn(echoGraph(), { server: server.address }, {
      inputs: { ping: pings() },
      onOutput: () => {
        times.push(performance.now() - sentAt)
        answered?.()
      },
    })
    const ours = percentile(times.slice(warmUp), 0.5) * 1000
    const peers = await benchEchoPeers(4096, echoes)
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
