import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js'
import { dialDataSocket } from '../src/node/frame-sockets/dialDataSocket.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import { bytesTensor } from '../src/shared/tensor/tensor.ts'
import type { LinkTransport } from '../src/shared/wire/deviceProgram.ts'
import type { Frame } from '../src/shared/wire/frame.ts'
import type { FrameSocket } from '../src/shared/wire/frameSocket.ts'
import { createLinkReceiver } from '../src/shared/wire/linkReceiver.ts'
import { createLinkSender } from '../src/shared/wire/linkSender.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { BenchClient, exchange, type GrpcBytes, unlimited } from './support/grpcService.ts'
import type { LinkPeerInput, LinkPeerOutput } from './support/linkPeerMessages.ts'

const echoBytes = 4096
const echoesPerRound = 1500
const tensorBytes = 600 * 1024
const framesPerRound = 400
const rounds = 7

type Peer = 'raw' | 'tcp' | 'websocket' | 'grpc'
const peers: readonly Peer[] = ['raw', 'tcp', 'websocket', 'grpc']
type Ports = Extract<LinkPeerOutput, { type: 'listening' }>
type Tokens = Extract<LinkPeerOutput, { type: 'ready' }>['tokens']

/**
 * Our links beside a plain `node:net` socket and @grpc/grpc-js, each between two processes, in turn within one run: the
 * round trip of 4 KB, and 600 KiB tensors one way. The plain socket only counts what arrives; it makes no messages of it.
 */
export async function benchLinks(): Promise<readonly BenchRow[]> {
  const child = fork(fileURLToPath(new URL('./support/linkPeer.ts', import.meta.url)))
  try {
    const ports = await heard(child, 'listening')
    const echoes = new Map<Peer, number[]>(peers.map((peer) => [peer, []]))
    const rates = new Map<Peer, number[]>(peers.map((peer) => [peer, []]))
    for (let round = 0; round < rounds; round++) {
      for (const peer of peers) {
        const times = await measureEcho(child, ports, peer)
        const rate = await measureRate(child, ports, peer)
        if (round === 0) continue // warms up both processes
        echoes.get(peer)?.push(percentile(times, 0.5))
        rates.get(peer)?.push(rate)
      }
    }
    return toRows(
      (peer) => percentile(echoes.get(peer) ?? [], 0.5),
      (peer) => percentile(rates.get(peer) ?? [], 0.5),
    )
  } finally {
    child.kill()
  }
}

function toRows(echoOf: (peer: Peer) => number, rateOf: (peer: Peer) => number): readonly BenchRow[] {
  const how = `median of ${rounds - 1} rounds, two processes`
  const rows: BenchRow[] = []
  for (const peer of ['tcp', 'websocket'] as const) {
    rows.push(
      judged(`echo of 4 KB, ${peer} link, p50`, echoOf(peer), 'us', '<= 200', how),
      judged(`echo of 4 KB, ${peer} link / gRPC-js`, echoOf(peer) / echoOf('grpc'), '', '<= 1'),
    )
  }
  rows.push(
    { name: 'echo of 4 KB, plain socket, p50', value: echoOf('raw'), unit: 'us', note: how },
    { name: 'echo of 4 KB, gRPC-js, p50', value: echoOf('grpc'), unit: 'us', note: how },
  )
  const rawNote = 'the plain socket makes no messages of what arrives'
  rows.push(
    { name: '600 KiB one way, tcp link', value: rateOf('tcp'), unit: 'GB/s', note: how },
    judged('600 KiB one way, tcp link / plain socket', rateOf('tcp') / rateOf('raw'), '', '>= 0.7', rawNote),
    judged('600 KiB one way, tcp link / gRPC-js', rateOf('tcp') / rateOf('grpc'), '', '>= 2'),
    { name: '600 KiB one way, websocket link', value: rateOf('websocket'), unit: 'GB/s', note: how },
    judged(
      '600 KiB one way, websocket link / plain socket',
      rateOf('websocket') / rateOf('raw'),
      '',
      '>= 0.7',
      rawNote,
    ),
    judged('600 KiB one way, websocket link / gRPC-js', rateOf('websocket') / rateOf('grpc'), '', '>= 2'),
    { name: '600 KiB one way, plain socket', value: rateOf('raw'), unit: 'GB/s', note: how },
    { name: '600 KiB one way, gRPC-js', value: rateOf('grpc'), unit: 'GB/s', note: how },
  )
  return rows
}

/** Median round trips in microseconds of the peers alone, for a benchmark that has an echo of its own. */
export async function measureEchoPeers(): Promise<{ readonly rawUs: number; readonly grpcUs: number }> {
  const child = fork(fileURLToPath(new URL('./support/linkPeer.ts', import.meta.url)))
  try {
    const ports = await heard(child, 'listening')
    const medianOf = async (peer: Peer) => {
      await measureEcho(child, ports, peer) // warms up both processes
      return percentile(await measureEcho(child, ports, peer), 0.5)
    }
    return { rawUs: await medianOf('raw'), grpcUs: await medianOf('grpc') }
  } finally {
    child.kill()
  }
}

/** Microseconds of each round trip, one at a time. */
async function measureEcho(child: ChildProcess, ports: Ports, peer: Peer): Promise<readonly number[]> {
  const tokens = await announce(child, { mode: 'echo', frames: echoesPerRound, bytes: echoBytes })
  const times: number[] = []
  const { promise: done, resolve: finish } = deferred()
  let sentAt = 0
  let send: () => void = () => undefined
  function sendNext(): void {
    sentAt = performance.now()
    send()
  }
  function onEcho(): void {
    times.push((performance.now() - sentAt) * 1000)
    if (times.length === echoesPerRound) finish()
    else sendNext()
  }

  const data = new Uint8Array(echoBytes)
  if (peer === 'raw') {
    const socket = connect({ host: '127.0.0.1', port: ports.raw, noDelay: true })
    await once(socket, 'connect')
    let received = 0
    socket.on('data', (chunk) => {
      received += chunk.byteLength
      if (received < echoBytes) return
      received -= echoBytes
      onEcho()
    })
    send = () => void socket.write(data)
    sendNext()
    await done
    socket.destroy()
  } else if (peer === 'grpc') {
    const { client, call } = openGrpc(ports.grpc)
    call.on('data', onEcho)
    send = () => void call.write({ data })
    sendNext()
    await done
    call.end()
    client.close()
  } else {
    const back = await dial(peer, ports[peer], tokens.back)
    const receiver = createLinkReceiver(back, linkOptions, {
      onFrame() {
        receiver.grant(1)
        onEcho()
      },
      onAdvance: () => undefined,
      onEnd: () => undefined,
      onFailure: fail,
    })
    receiver.grant(8)
    const out = await dial(peer, ports[peer], tokens.out)
    const { promise: granted, resolve: onCredit } = deferred()
    const sender = createLinkSender(out, linkOptions, { onCredit, onFailure: fail })
    let seq = 0
    send = () => void sender.send(toFrame(seq++, data))
    await granted
    sendNext()
    await done
    sender.end()
    receiver.cancel()
  }
  return times
}

/** Gigabytes a second, from the first byte sent until the other process has the last. */
async function measureRate(child: ChildProcess, ports: Ports, peer: Peer): Promise<number> {
  const tokens = await announce(child, { mode: 'sink', frames: framesPerRound, bytes: tensorBytes })
  const done = heard(child, 'done')
  const data = new Uint8Array(tensorBytes).fill(7)
  let startedAt = 0
  if (peer === 'raw') {
    const socket = connect({ host: '127.0.0.1', port: ports.raw, noDelay: true })
    await once(socket, 'connect')
    startedAt = performance.now()
    for (let sent = 0; sent < framesPerRound; sent++) {
      if (!socket.write(data)) await once(socket, 'drain')
    }
    await done
    socket.destroy()
  } else if (peer === 'grpc') {
    const { client, call } = openGrpc(ports.grpc)
    startedAt = performance.now()
    for (let sent = 0; sent < framesPerRound; sent++) {
      if (!call.write({ data })) await once(call, 'drain')
    }
    await done
    call.end()
    client.close()
  } else {
    const out = await dial(peer, ports[peer], tokens.out)
    let seq = 0
    const pump = () => {
      startedAt ||= performance.now()
      while (seq < framesPerRound && sender.canSend()) sender.send(toFrame(seq++, data))
    }
    const sender = createLinkSender(out, linkOptions, { onCredit: pump, onFailure: fail })
    await done
    sender.end()
  }
  return (framesPerRound * tensorBytes) / 1e6 / (performance.now() - startedAt)
}

const linkOptions = { linkId: 'bench', peer: 'the other process', epoch: 1 }

function toFrame(seq: number, data: Uint8Array): Frame {
  return { seq, origin: { capturedAtNs: 0, device: 0, trail: [] }, tensor: bytesTensor(data) }
}

function dial(transport: LinkTransport, port: number, token: string): Promise<FrameSocket> {
  return dialDataSocket({ transport, host: '127.0.0.1', port, token, signal: new AbortController().signal })
}

function openGrpc(port: number) {
  const client = new BenchClient(`127.0.0.1:${port}`, credentials.createInsecure(), unlimited)
  const call: ClientDuplexStream<GrpcBytes, GrpcBytes> = client.makeBidiStreamRequest(
    exchange.path,
    exchange.requestSerialize,
    exchange.responseDeserialize,
  )
  call.on('error', () => undefined) // it is cancelled when its client closes
  return { client, call }
}

async function announce(child: ChildProcess, job: LinkPeerInput): Promise<Tokens> {
  const ready = heard(child, 'ready')
  child.send(job)
  return (await ready).tokens
}

function heard<T extends LinkPeerOutput['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<LinkPeerOutput, { type: T }>> {
  return new Promise((resolve, reject) => {
    function onMessage(message: LinkPeerOutput): void {
      if (message.type !== type) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(message as Extract<LinkPeerOutput, { type: T }>) // its type was just compared
    }
    function onExit(code: number | null): void {
      reject(new Error(`The other process ended with ${code}`))
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function fail(error: Error): void {
  throw error
}
