import { connect, type Socket } from 'node:net'
import WebSocket from 'ws'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { decodeFrame } from '../../shared/wire/decodeFrame.ts'
import type { LinkTransport } from '../../shared/wire/deviceProgram.ts'
import { encodeHello } from '../../shared/wire/encodeFrame.ts'
import { defaultMaxFrameBytes, invalidFrame, maxTextPayloadBytes } from '../../shared/wire/frameHeader.ts'
import type { FrameSocket } from '../../shared/wire/frameSocket.ts'
import { dataPath } from './dataPort.ts'
import type { HandshakeSocket } from './handshakeSocket.ts'
import { createTcpFrameSocket } from './tcpFrameSocket.ts'
import { createWsFrameSocket, maxWsPayload } from './wsFrameSocket.ts'

export interface DialDataOptions {
  readonly transport: LinkTransport
  /** Name or address; an IPv6 address with or without brackets. */
  readonly host: string
  readonly port: number
  /** As the listening side issued it. */
  readonly token: string
  readonly signal: AbortSignal
  /** Largest payload of one frame; 64 MiB where not given. */
  readonly maxFrameBytes?: number
}

const answerWithinMs = 5000

/**
 * Opens a data connection and shows its token; the socket that it resolves to has been welcomed and reads nothing until
 * it is listened to. Fails with `device.unreachable`, `run.cancelled`, or what the listening side says, e.g.
 * `wire.token-invalid`.
 */
export async function dialDataSocket(options: DialDataOptions): Promise<FrameSocket> {
  const { signal, token, maxFrameBytes = defaultMaxFrameBytes } = options
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)])
  let socket: HandshakeSocket | undefined
  try {
    deadline.throwIfAborted()
    socket = await (options.transport === 'tcp' ? dialTcp(options, deadline) : dialWebSocket(options, deadline))
    await introduce(socket, token, deadline)
    socket.allowFrames(maxFrameBytes)
    return socket
  } catch (error) {
    socket?.destroy()
    if (signal.aborted) throw new AppError('run.cancelled', 'Stopped while a data connection was being opened.')
    if (error instanceof AppError) throw error
    throw unreachable(
      options,
      deadline.aborted ? `no answer within ${answerWithinMs / 1000} s` : messageOf(error),
      error,
    )
  }
}

async function dialTcp({ host, port }: DialDataOptions, deadline: AbortSignal): Promise<HandshakeSocket> {
  const socket = connect({ host: withoutBrackets(host), port })
  await untilEvent(socket, 'connect', deadline, () => socket.destroy())
  return createTcpFrameSocket(socket)
}

async function dialWebSocket(options: DialDataOptions, deadline: AbortSignal): Promise<HandshakeSocket> {
  const { host, port, maxFrameBytes = defaultMaxFrameBytes } = options
  const name = withoutBrackets(host)
  // Made here and not by ws, because messages are written to it directly.
  const stream = connect({ host: name, port })
  const url = `ws://${name.includes(':') ? `[${name}]` : name}:${port}${dataPath}`
  const ws = new WebSocket(url, {
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: maxWsPayload(maxFrameBytes),
    createConnection: () => stream,
  })
  await untilEvent(ws, 'open', deadline, () => {
    ws.on('error', () => undefined) // terminate() of a half-open WebSocket reports itself once more
    ws.terminate()
    stream.destroy()
  })
  return createWsFrameSocket(ws, { stream, mask: isLoopback(stream) ? 'zero' : 'random' })
}

async function untilEvent(
  emitter: Socket | WebSocket,
  event: 'connect' | 'open',
  deadline: AbortSignal,
  giveUp: () => void,
): Promise<void> {
  let onError: (error: Error) => void = () => undefined
  try {
    await before(deadline, (resolve, reject) => {
      onError = reject
      emitter.once(event, resolve)
      emitter.once('error', reject)
    })
  } catch (error) {
    giveUp()
    throw error
  } finally {
    emitter.removeListener('error', onError)
  }
}

/** Sends hello and waits for welcome. */
function introduce(socket: HandshakeSocket, token: string, deadline: AbortSignal): Promise<void> {
  return before(deadline, (resolve, reject) => {
    socket.listen({
      onMessage(message) {
        socket.hold()
        const answer = decodeFrame(message, { maxFrameBytes: maxTextPayloadBytes, schemas: [] })
        if (!answer.ok) reject(answer.error)
        else if (answer.value.type === 'welcome') resolve()
        else if (answer.value.type === 'fail') reject(answer.value.error)
        else reject(invalidFrame('W10', `of type ${answer.value.type} answers hello`))
      },
      onClose: (error) => reject(error ?? new Error('the connection was closed before it was welcomed')),
    })
    socket.send(encodeHello(token, 0))
  })
}

/** What `begin` settles, or a rejection once `deadline` aborts. */
async function before(
  deadline: AbortSignal,
  begin: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  let cancel = (): void => undefined
  try {
    await new Promise<void>((resolve, reject) => {
      cancel = () => reject(new Error('cancelled'))
      deadline.addEventListener('abort', cancel, { once: true })
      begin(resolve, reject)
    })
  } finally {
    deadline.removeEventListener('abort', cancel)
  }
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function isLoopback({ remoteAddress = '' }: Socket): boolean {
  return remoteAddress === '::1' || /^(?:::ffff:)?127\./.test(remoteAddress)
}

function unreachable({ host, port, transport }: DialDataOptions, why: string, cause: unknown): AppError {
  const message = `No ${transport} data connection to ${host}:${port}: ${why}. Check that the device runs and that the port is open.`
  return new AppError('device.unreachable', message, { details: { host, port, transport }, cause })
}
