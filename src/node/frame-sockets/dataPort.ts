import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import type { Clock } from '../../shared/node-kinds/nodeContext.ts'
import { decodeFrame } from '../../shared/wire/decodeFrame.ts'
import type { LinkTransport } from '../../shared/wire/deviceProgram.ts'
import { encodeBare, encodeFail } from '../../shared/wire/encodeFrame.ts'
import { defaultMaxFrameBytes, invalidFrame, maxHelloPayloadBytes } from '../../shared/wire/frameHeader.ts'
import type { FrameSocket } from '../../shared/wire/frameSocket.ts'
import { createWaitingRoom } from '../waitingRoom.ts'
import type { HandshakeSocket } from './handshakeSocket.ts'
import { createTcpFrameSocket } from './tcpFrameSocket.ts'
import { createTokenRegistry } from './tokenRegistry.ts'
import { createWsFrameSocket, maxWsPayload } from './wsFrameSocket.ts'

export interface DataPortOptions {
  /** Address to listen on for TCP; loopback where not given. */
  readonly host?: string
  /** 0, or not given: one that is free. */
  readonly port?: number
  readonly clock: Clock
  /** Largest payload of one frame; 64 MiB where not given. */
  readonly maxFrameBytes?: number
}

/** Gets the socket of a connection that has shown its token. Nothing is read from it until it is listened to. */
export type OnDataSocket = (socket: FrameSocket, transport: LinkTransport) => void

/**
 * Where a device accepts data connections: a TCP listener, opened when first asked for, and WebSocket upgrades that its
 * control server passes on. A connection that does not begin with a token of ours within 5 s is closed (W10, W11).
 */
export interface DataPort {
  /** For one connection within 60 s, over either transport. */
  issueToken(onSocket: OnDataSocket): string
  revokeToken(token: string): void
  /** Opens the TCP listener. Fails with `device.port-in-use`. */
  tcpEndpoint(): Promise<{ readonly port: number }>
  /** For upgrades of the path /data. */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void
  /** Accepts nothing more; connections that were handed over stay with their owners. */
  close(): Promise<void>
}

export const dataPath = '/data'
const helloWithinMs = 5000
/** Connections that have not shown a token yet. */
const maxWaiting = 64

export function createDataPort(options: DataPortOptions): DataPort {
  const { clock, maxFrameBytes = defaultMaxFrameBytes } = options
  const tokens = createTokenRegistry<OnDataSocket>(clock)
  const waiting = createWaitingRoom(maxWaiting)
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: maxWsPayload(maxFrameBytes),
  })
  let listening: Promise<{ readonly server: Server; readonly port: number }> | undefined

  function greet(socket: HandshakeSocket, transport: LinkTransport): void {
    const leave = waiting.enter(giveUp)
    const cancelTimeout = clock.schedule(helloWithinMs, giveUp)
    function settle(): void {
      cancelTimeout()
      leave()
    }
    function giveUp(): void {
      settle()
      socket.destroy()
    }
    function refuse(error: AppError): void {
      settle()
      socket.send(encodeFail(error, 0))
      socket.close()
    }
    socket.listen({
      onMessage(message) {
        socket.hold()
        const hello = decodeFrame(message, { maxFrameBytes: maxHelloPayloadBytes, schemas: [] })
        if (!hello.ok) return refuse(hello.error)
        if (hello.value.type !== 'hello') return refuse(invalidFrame('W10', 'other than hello opens a connection'))
        const onSocket = tokens.redeem(hello.value.token)
        if (onSocket === undefined) return refuse(tokenInvalid())
        settle()
        socket.allowFrames(maxFrameBytes)
        socket.send(encodeBare('welcome', hello.value.epoch))
        onSocket(socket, transport)
      },
      onClose(error) {
        if (error instanceof AppError) refuse(error)
        else settle()
      },
    })
  }

  async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
    const { host = '127.0.0.1', port = 0 } = options
    const server = createServer((socket) => greet(createTcpFrameSocket(socket), 'tcp'))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(cannotListen(host, port, cause)))
      server.listen(port, host, resolve)
    })
    const address = server.address() as AddressInfo // a listening TCP server has one
    return { server, port: address.port }
  }

  return {
    issueToken: (onSocket) => tokens.issue(onSocket),
    revokeToken: (token) => tokens.revoke(token),
    async tcpEndpoint() {
      listening ??= listen()
      const { port } = await listening
      return { port }
    },
    handleUpgrade(request, stream, head) {
      upgrades.handleUpgrade(request, stream, head, (ws) => {
        greet(createWsFrameSocket(ws, { stream, mask: 'none' }), 'websocket')
      })
    },
    async close() {
      tokens.clear()
      waiting.expelAll()
      const open = await listening?.catch(() => undefined) // a listener that never opened needs no closing
      if (open !== undefined) open.server.close()
    },
  }
}

function tokenInvalid(): AppError {
  const message = 'A data connection showed a token that is wrong, was used before or has expired. Deploy again.'
  return new AppError('wire.token-invalid', message, { details: { rule: 'W11' } })
}

function cannotListen(host: string, port: number, cause: Error): AppError {
  const message = `Cannot listen for data on ${host}:${port}: ${messageOf(cause)}. Choose another port, or 0 for a free one.`
  return new AppError('device.port-in-use', message, { details: { host, port }, cause })
}
