import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Server as GrpcServer, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { createDataPort, type DataPort } from '../../src/node/frame-sockets/dataPort.ts'
import { createLinkReceiver } from '../../src/shared/wire/linkReceiver.ts'
import { createLinkSender } from '../../src/shared/wire/linkSender.ts'
import { benchService, type GrpcBytes, unlimited } from './grpcService.ts'
import type { LinkPeerInput, LinkPeerOutput } from './linkPeerMessages.ts'
import { systemClock } from './systemClock.ts'

/**
 * The other process of bench/links.ts. On each connection it takes `frames` frames of `bytes` and says when it has them
 * all, or echoes each frame at once.
 */
const window = 8

const tell = (message: LinkPeerOutput) => void process.send?.(message)

const dataPort = createDataPort({ clock: systemClock })
const upgrades = createHttpServer().on('upgrade', (request, stream, head) => {
  dataPort.handleUpgrade(request, stream, head)
})
let job: LinkPeerInput = { mode: 'echo', frames: 0, bytes: 0 }

process.on('message', (next: LinkPeerInput) => {
  job = next
  tell({ type: 'ready', tokens: issueTokens(dataPort) })
})
process.on('disconnect', () => process.exit(0))

const raw = createServer((socket) => {
  socket.setNoDelay(true)
  if (job.mode === 'echo') socket.pipe(socket)
  else countBytes(socket, job.frames * job.bytes)
})

const grpc = new GrpcServer(unlimited)
grpc.addService(benchService, {
  Exchange(call: ServerDuplexStream<GrpcBytes, GrpcBytes>) {
    const { mode, frames } = job
    let received = 0
    call.on('data', (message: GrpcBytes) => {
      if (mode === 'echo') call.write(message)
      else if (++received === frames) tell({ type: 'done' })
    })
    call.on('end', () => call.end())
  },
})

tell({
  type: 'listening',
  raw: await portOf(raw),
  tcp: (await dataPort.tcpEndpoint()).port,
  websocket: await portOf(upgrades),
  grpc: await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  }),
})

function portOf(server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)) // listening on TCP
  })
}

function countBytes(socket: Socket, expected: number): void {
  let received = 0
  socket.on('data', (chunk) => {
    received += chunk.byteLength
    if (received === expected) tell({ type: 'done' })
  })
}

/** For the link that brings frames, and for one that takes the echoes back. */
function issueTokens(port: DataPort): LinkPeerTokens {
  const { mode, frames } = job
  const options = { linkId: 'bench', peer: 'client', epoch: 1 }
  const failed = (error: Error) => {
    if (mode === 'echo') return // the client hangs up when it has measured enough
    throw error
  }
  let sender: ReturnType<typeof createLinkSender> | undefined
  const back = port.issueToken((socket) => {
    sender = createLinkSender(socket, options, { onCredit: () => undefined, onFailure: failed })
  })
  const out = port.issueToken((socket) => {
    let received = 0
    const receiver = createLinkReceiver(socket, options, {
      onFrame(frame) {
        if (mode === 'echo') sender?.send(frame)
        else if (++received === frames) tell({ type: 'done' })
        receiver.grant(1)
      },
      onAdvance: () => undefined,
      onEnd: () => undefined,
      onFailure: failed,
    })
    receiver.grant(window)
  })
  return { out, back }
}

type LinkPeerTokens = Extract<LinkPeerOutput, { type: 'ready' }>['tokens']
