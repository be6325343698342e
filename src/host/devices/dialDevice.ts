import type { Socket } from 'node:net'
import WebSocket from 'ws'
import { createDeferred } from '../../node/deferred.ts'
import { dialDataSocket } from '../../node/frame-sockets/dialDataSocket.ts'
import { watchLiveness } from '../../node/watchLiveness.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { BugError } from '../../shared/errors/bugError.ts'
import type { DeviceId } from '../../shared/graph/graph.ts'
import { maxControlMessageBytes, type ReplyResult } from '../../shared/wire/controlMessage.ts'
import type { ControlSocket, ControlSocketListener } from '../../shared/wire/controlSocket.ts'
import { type ControlClient, createControlClient, sayHello } from './controlClient.ts'
import type { Device } from './device.ts'

export interface DialOptions {
  readonly id: DeviceId
  /** "ws://host:port" */
  readonly address: string
  readonly name?: string
  readonly signal?: AbortSignal
  /** Called once the connection is closed; `wasLost` when it had ended before we closed it. */
  readonly onClose?: (wasLost: boolean) => Promise<void>
}

const connectTimeoutMs = 5000

/**
 * Connects to a listening device and greets it. Fails with `device.unreachable`, `wire.version-unsupported`,
 * `run.cancelled`, or `wire.message-invalid` when something else answers there.
 */
export async function dialDevice(options: DialOptions): Promise<Device> {
  const { id, address } = options
  const name = options.name ?? `${id} at ${address}`
  const url = parseAddress(id, address)
  const control = createControlClient(await openControlSocket(url, name, options.signal), name)
  const { capabilities } = await greet(control, name, options.signal)
  let wasLost = false
  void control.closed.then(() => {
    wasLost = true
  })
  return {
    id,
    name,
    capabilities,
    control,
    host: url.hostname,
    openDataSocket: ({ port, token }, signal) =>
      dialDataSocket({ transport: 'websocket', host: url.hostname, port, token, signal }),
    close: async () => {
      const lost = wasLost
      control.close()
      await control.closed
      await options.onClose?.(lost)
    },
  }
}

/** Something that takes WebSockets but is no device may never answer. */
async function greet(
  control: ControlClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ReplyResult<'hello'>> {
  const { promise: givenUp, reject } = createDeferred<never>()
  const cancel = () => reject(new AppError('run.cancelled', `Stopped while greeting ${name}.`))
  if (signal?.aborted) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  const timer = setTimeout(() => {
    const message = `${name} takes connections but does not answer as a ColliFlow device would. Check the address and the port.`
    reject(new AppError('device.unreachable', message))
  }, connectTimeoutMs)
  try {
    return await Promise.race([sayHello(control), givenUp])
  } catch (error) {
    control.close()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
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
  let stream: Socket | undefined
  const cancel = () => reject(new AppError('run.cancelled', `Stopped while connecting to ${name}.`))
  if (signal?.aborted) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  socket.once('upgrade', (response) => {
    stream = response.socket
  })
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
  if (stream === undefined) throw new BugError('A WebSocket opened without an upgrade')
  return wrap(socket, stream)
}

function unreachable(name: string, url: URL, error: unknown): AppError {
  const message =
    `Device ${name} does not answer (${messageOf(error)}). Is it running? Start one with ` +
    `"colliflow server --port ${url.port || '5678'}" or "colliflow agent", and check the address.`
  return new AppError('device.unreachable', message, { cause: error, details: { address: url.href } })
}

/** What RFC 6455 lets a close frame carry. */
const maxReasonBytes = 123
/** After this much time a device that does not answer our close is cut off. */
const closeTimeoutMs = 1000

function wrap(socket: WebSocket, stream: Socket): ControlSocket {
  let failure: Error | undefined
  const stopWatching = watchLiveness(socket, stream, (error) => {
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
    close(reason) {
      if (socket.readyState === socket.CLOSED) return
      socket.close(1000, reason === undefined ? undefined : Buffer.from(reason).subarray(0, maxReasonBytes))
      const timer = setTimeout(() => socket.terminate(), closeTimeoutMs)
      socket.once('close', () => clearTimeout(timer))
    },
    destroy: () => socket.terminate(),
  }
}

function closeText(code: number, reason: Buffer): string {
  const text = reason.toString('utf8')
  if (text !== '') return text
  return code === 1006 ? 'the connection broke' : `closed with WebSocket status ${code}`
}
