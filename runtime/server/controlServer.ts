import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { createWaitingRoom } from '../../src/node/waitingRoom.ts'
import { AppError, messageOf } from '../../src/shared/errors/appError.ts'
import { maxBlobChunkBytes } from '../../src/shared/wire/blobChunk.ts'
import { maxControlMessageBytes } from '../../src/shared/wire/controlMessage.ts'
import type { DeviceControlSocket } from '../session/devicePower.ts'
import { createWsControlSocket } from './wsControlSocket.ts'

export interface ControlServerOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly maxConnections: number
  onControl(socket: DeviceControlSocket): void
  /** A WebSocket handshake for path /data. */
  onDataUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface ControlServer {
  readonly port: number
  /** "ws://127.0.0.1:5678" */
  readonly address: string
  close(): Promise<void>
}

/** Within this time a connection says what it wants. */
const requestWithinMs = 5000
/** Connections that have not said so yet; WebSockets that have not said hello. */
const maxSilent = 64

/**
 * Listens for clients: control connections at /control (and /), data connections at /data, one port for both.
 * Fails with `device.port-in-use`, or `device.unreachable` for a host that is not ours.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const http = createServer({ connectionsCheckingInterval: requestWithinMs }, (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' })
    response.end('This is a ColliFlow device. It speaks WebSocket at /control.\n')
  })
  http.headersTimeout = requestWithinMs
  http.requestTimeout = requestWithinMs
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: Math.max(maxControlMessageBytes, maxBlobChunkBytes + 64),
  })
  const sockets = new Set<Socket>()
  const silent = createWaitingRoom(maxSilent)
  const leaveSilent = new WeakMap<Socket, () => void>()
  const ungreeted = createWaitingRoom(maxSilent)
  http.on('connection', (socket) => {
    sockets.add(socket)
    const leave = silent.enter(() => socket.destroy())
    leaveSilent.set(socket, leave)
    socket.once('close', () => {
      sockets.delete(socket)
      leave()
    })
  })
  const { port } = await listen(http, options)
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  http.on('upgrade', (request, socket, head) => {
    leaveSilent.get(request.socket)?.()
    socket.on('error', () => socket.destroy())
    if (isForeignPage(request)) return refuse(socket, 403, 'Forbidden')
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/data') return options.onDataUpgrade(request, socket, head)
    if (path !== '/' && path !== '/control') return refuse(socket, 404, 'Not Found')
    if (webSockets.clients.size >= options.maxConnections) return refuse(socket, 503, 'Service Unavailable')
    webSockets.handleUpgrade(request, socket, head, (client) => {
      const leave = ungreeted.enter(() => client.terminate())
      client.once('message', leave).once('close', leave)
      options.onControl(createWsControlSocket(client, request.socket))
    })
  })
  return {
    port,
    address: `ws://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        // Data connections too: what was written leaves, nobody is waited for.
        for (const socket of sockets) socket.destroySoon()
      }),
  }
}

async function listen(
  http: ReturnType<typeof createServer>,
  { host, port }: ControlServerOptions,
): Promise<AddressInfo> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen({ host, port }, () => {
        http.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      const message = `Port ${port} on ${host} is taken by another program. Stop it, choose another with --port, or let --port 0 pick a free one.`
      throw new AppError('device.port-in-use', message, { cause: error, details: { host, port } })
    }
    const message = `The device cannot listen on ${host}:${port}: ${messageOf(error)}. Use an address of this computer, such as 127.0.0.1, and a port above 1023.`
    throw new AppError('device.unreachable', message, { cause: error, details: { host, port } })
  }
  const address = http.address()
  if (address === null || typeof address === 'string') throw new AppError('internal.bug', 'A port was expected')
  return address
}

/**
 * Browsers name the page that opens a WebSocket in Origin, and let every page open one to loopback. Programs send
 * none. So a page may connect only if it came from this very address.
 */
function isForeignPage({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}

function refuse(socket: Duplex, status: number, text: string): void {
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
