import WebSocket from 'ws'
import { createDeferred } from '../../node/deferred.ts'
import { dialDataSocket } from '../../node/frame-sockets/dialDataSocket.ts'
import { watchLiveness } from '../../node/watchLiveness.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import type { DeviceId } from '../../shared/graph/graph.ts'
import { maxControlMessageBytes } from '../../shared/wire/controlMessage.ts'
import type { ControlSocket, ControlSocketListener } from '../../shared/wire/controlSocket.ts'
import { createControlClient, sayHello } from './controlClient.ts'
import type { Device } from './device.ts'

export interface DialOptions {
  readonly id: DeviceId
  /** "ws://host:port" */
  readonly address: string
  readonly name?: string
  readonly signal?: AbortSignal
  /** Called once the connection is closed by us. */
  readonly onClose?: () => Promise<void>
}

const connectTimeoutMs = 5000

/** Connects to a listening device and greets it. Fails with `device.unreachable` or `wire.version-unsupported`. */
export async function dialDevice(options: DialOptions): Promise<Device> {
  const { id, address } = options
  const name = options.name ?? `${id} at ${address}`
  const url = parseAddress(id, address)
  const control = createControlClient(await openControlSocket(url, name, options.signal), name)
  const { capabilities } = await sayHello(control)
  return {
    id,
    name,
    capabilities,
    control,
    host: url.hostname,
    openDataSocket: ({ port, token }, signal) =>
      dialDataSocket({ transport: 'websocket', host: url.hostname, port, token, signal }),
    close: async () => {
      control.close()
      await control.closed
      await options.onClose?.()
    },
  }
}

/** Checks an address that a user typed. Fails with `usage.invalid`. */
function parseAddress(id: DeviceId, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url !== undefined && (url.protocol === 'ws:' || url.protocol === 'wss:') && url.hostname !== '') return url
  const message = `Device ${id}: "${address}" is not an address. Expected ws://HOST:PORT, e.g. ws://127.0.0.1:5678.`
  throw new AppError('usage.invalid', message)
}

async function openControlSocket(url: URL, name: string, signal: AbortSignal | undefined): Promise<ControlSocket> {
  const target = new URL('/control', url)
  const socket = new WebSocket(target, {
    perMessageDeflate: false,
    maxPayload: maxControlMessageBytes,
    handshakeTimeout: connectTimeoutMs,
  })
  const { promise, resolve, reject } = createDeferred<void>()
  const cancel = () => reject(new AppError('run.cancelled', `Stopped while connecting to ${name}.`))
  signal?.addEventListener('abort', cancel, { once: true })
  socket.once('open', resolve)
  socket.once('error', (error) => reject(unreachable(name, url, error)))
  try {
    await promise
  } catch (error) {
    socket.on('error', () => undefined) // terminate() of a half-open socket reports itself once more
    socket.terminate()
    throw error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
  return wrap(socket)
}

function unreachable(name: string, url: URL, error: unknown): AppError {
  const message =
    `Device ${name} does not answer (${messageOf(error)}). Is it running? Start one with ` +
    `"colliflow server --port ${url.port || '5678'}" or "colliflow agent", and check the address.`
  return new AppError('device.unreachable', message, { cause: error, details: { address: url.href } })
}

function wrap(socket: WebSocket): ControlSocket {
  let failure: Error | undefined
  const stopWatching = watchLiveness(socket, (error) => {
    failure = error
    socket.terminate()
  })
  return {
    listen(listener: ControlSocketListener) {
      socket.on('message', (data: Buffer, isBinary: boolean) =>
        isBinary ? listener.onBinary(data) : listener.onText(data.toString('utf8')),
      )
      socket.on('error', (error) => {
        failure ??= error
      })
      socket.on('close', (code, reason) => {
        stopWatching()
        listener.onClose(failure ?? (code === 1000 || code === 1005 ? undefined : new Error(closeText(code, reason))))
      })
    },
    sendText: (text) => socket.send(text),
    sendBinary: (bytes) => socket.send(bytes),
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close: (reason) => socket.close(1000, reason),
    destroy: () => socket.terminate(),
  }
}

function closeText(code: number, reason: Buffer): string {
  const text = reason.toString('utf8')
  if (text !== '') return text
  return code === 1006 ? 'the connection broke' : `closed with WebSocket status ${code}`
}
