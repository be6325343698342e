import { AppError, toAppError } from '../../src/shared/errors/appError.ts'
import { assertNever, BugError } from '../../src/shared/errors/bugError.ts'
import { decodeBlobChunk } from '../../src/shared/wire/blobChunk.ts'
import {
  type ControlEvent,
  type ControlRequest,
  protocolVersion,
  type ReplyResult,
} from '../../src/shared/wire/controlMessage.ts'
import { encodeControl, parseRequest, toWireError } from '../../src/shared/wire/parseControl.ts'
import type { DeviceControlSocket, DevicePower } from './devicePower.ts'
import { prepareSession, type Session, type SessionEvent } from './session.ts'
import { createUploads } from './uploads.ts'

/** A client that has not said hello by then is let go. */
const helloTimeoutMs = 5000
/** Above this much unsent, telemetry and logs are left out: a client that does not read must not fill our memory. */
const maxUnsentBytes = 1024 * 1024
/** Above this much unwritten, the connection stops reading until the disk has caught up. */
const maxPendingBytes = 16 * 1024 * 1024

/** What the connections of one device share. */
export interface DeviceState {
  /** Sessions of all clients, those being prepared included. */
  sessions: number
}

/**
 * Serves one client until its connection ends, and ends its sessions with it. Resolves when nothing of it is left.
 * A client that breaks the protocol is told so and disconnected; nobody else notices.
 */
export function serveControl(socket: DeviceControlSocket, power: DevicePower, device: DeviceState): Promise<void> {
  const sessions = new Map<string, Entry>()
  let greeted = false
  let paused = false
  let over = false
  const uploads = createUploads(power.blobs, power.limits.maxTransfers, send, resumeWhenWritten)
  const cancelHelloTimer = power.clock.schedule(helloTimeoutMs, () =>
    socket.close(`no hello within ${helloTimeoutMs / 1000} s`),
  )

  function send(event: ControlEvent): void {
    if (over) return
    try {
      socket.sendText(encodeControl(event))
    } catch (error) {
      // A result larger than a control message: say that instead.
      if (event.type !== 'reply') throw error
      const refusal = toAppError(error, 'device.limit-exceeded', 'The answer cannot be sent')
      socket.sendText(encodeControl({ type: 'reply', id: event.id, error: toWireError(refusal) }))
    }
  }

  function emit(event: SessionEvent): void {
    const dispensable = event.type === 'log' || (event.type === 'telemetry' && !event.final)
    if (dispensable && socket.bufferedBytes > maxUnsentBytes) return
    send(event)
  }

  function resumeWhenWritten(): void {
    if (!paused || uploads.pendingBytes > maxPendingBytes / 2) return
    paused = false
    socket.resume()
  }

  /** Tells why and ends the connection. `id` is that of the request at fault, where it could be read. */
  function refuse(error: AppError, id = 0): void {
    send({ type: 'reply', id, error: toWireError(error) })
    socket.close(error.code)
    over = true
  }

  async function answer(request: ControlRequest): Promise<void> {
    try {
      send({ type: 'reply', id: request.id, result: await perform(request) })
    } catch (cause) {
      const error = asAppError(cause)
      if (error.code === 'internal.bug') power.log(`${request.type}: ${error.message}`)
      send({ type: 'reply', id: request.id, error: toWireError(error) })
    }
    if (request.type === 'bye') socket.close('bye')
  }

  async function perform(request: ControlRequest): Promise<ReplyResult<ControlRequest['type']>> {
    switch (request.type) {
      case 'hello':
        return hello(request)
      case 'put-blob':
        return await uploads.begin(request.hash, request.bytes)
      case 'prepare':
        return await prepare(request)
      case 'commit':
        await sessionOf(request.session).commit(request.epoch)
        return {}
      case 'abort':
        return await abort(request.session)
      case 'stop':
        sessionOf(request.session).stop()
        return {}
      case 'subscribe-telemetry':
        sessionOf(request.session).subscribeTelemetry(request.intervalMs)
        return {}
      case 'clock': {
        const receivedAtNs = power.clock.nowNs()
        return { receivedAtNs, sentAtNs: power.clock.nowNs() }
      }
      case 'bye':
        await endSessions(new AppError('run.cancelled', 'The client said goodbye.'))
        return {}
      default:
        return assertNever(request)
    }
  }

  function hello(request: Extract<ControlRequest, { type: 'hello' }>): ReplyResult<'hello'> {
    if (!request.versions.includes(protocolVersion)) {
      const message = `This device speaks version ${protocolVersion} of the control protocol; the client offers ${request.versions.join(', ')}. Install the same version of ColliFlow on both.`
      throw new AppError('wire.version-unsupported', message, { details: { version: protocolVersion } })
    }
    const kinds = [...power.kinds.keys()]
    const capabilities = { ...power.capabilities, kinds, maxBlobBytes: power.blobs.maxBlobBytes }
    return { version: protocolVersion, capabilities }
  }

  async function prepare(request: Extract<ControlRequest, { type: 'prepare' }>): Promise<ReplyResult<'prepare'>> {
    const { session: id } = request
    if (sessions.has(id)) throw new AppError('device.refused', `Session ${id} exists on this connection already.`)
    const { maxSessions } = power.limits
    if (device.sessions >= maxSessions) {
      const message = `The device runs ${maxSessions} sessions already, its limit. Stop one, or start it with more.`
      throw new AppError('device.limit-exceeded', message, { details: { maxSessions } })
    }
    const cancel = new AbortController()
    const prepared = prepareSession(request, power, emit, cancel.signal)
    const entry: Entry = { session: undefined, cancel, over: prepared.then((session) => session.ended).catch(forget) }
    device.sessions++
    sessions.set(id, entry)
    function forget(): void {
      sessions.delete(id)
      device.sessions--
    }
    const session = await prepared
    entry.session = session
    void session.ended.then(forget)
    return { endpoints: session.endpoints }
  }

  /** Giving up what is not there (never prepared, or ended by itself) is done already. */
  async function abort(id: string): Promise<ReplyResult<'abort'>> {
    const entry = sessions.get(id)
    if (entry !== undefined) await end(entry, new AppError('run.cancelled', 'The client aborted the session.'))
    return {}
  }

  function sessionOf(id: string): Session {
    const session = sessions.get(id)?.session
    if (session !== undefined) return session
    const message = `There is no session ${id} on this connection; it has ended or was never prepared.`
    throw new AppError('device.session-unknown', message, { details: { session: id } })
  }

  async function endSessions(error: AppError): Promise<void> {
    await Promise.all([...sessions.values()].map((entry) => end(entry, error)))
  }

  return new Promise((resolve) => {
    socket.listen({
      onText(text) {
        if (over) return
        const parsed = parseRequest(text, { isFirst: !greeted })
        if (!parsed.ok) return refuse(parsed.error, idOf(text))
        const request = parsed.value
        if (greeted === (request.type === 'hello')) {
          const found = greeted ? 'a second hello' : `${request.type} before hello`
          return refuse(new AppError('wire.message-invalid', `The client sent ${found}.`), request.id)
        }
        if (request.type === 'hello') {
          cancelHelloTimer()
          greeted = request.versions.includes(protocolVersion)
        }
        void answer(request).then(() => {
          if (!greeted) socket.close('wire.version-unsupported')
        })
      },
      onBinary(bytes) {
        if (over) return
        const chunk = decodeBlobChunk(bytes)
        if (!chunk.ok) return refuse(chunk.error)
        try {
          uploads.receive(chunk.value)
        } catch (error) {
          return refuse(asAppError(error))
        }
        if (paused || uploads.pendingBytes < maxPendingBytes) return
        paused = true
        socket.pause()
      },
      onClose(error) {
        over = true
        cancelHelloTimer()
        const reason = error === undefined ? 'closed the connection' : `is gone: ${error.message}`
        const gone = new AppError('device.disconnected', `The client ${reason}.`)
        void Promise.all([endSessions(gone), uploads.close()]).then(() => resolve())
      },
    })
  })
}

/** A session from the moment in which its preparation begins. */
interface Entry {
  session: Session | undefined
  /** Gives up the preparation. */
  readonly cancel: AbortController
  /** Resolves when it has failed to prepare, or has ended. */
  readonly over: Promise<void>
}

async function end(entry: Entry, error: AppError): Promise<void> {
  entry.cancel.abort(error)
  void entry.session?.abort(error)
  await entry.over
}

function asAppError(cause: unknown): AppError {
  const code = cause instanceof BugError ? 'internal.bug' : 'device.refused'
  return toAppError(cause, code, 'The request failed')
}

/** The id of a request that is otherwise wrong, so that its sender learns which one it was. */
function idOf(text: string): number {
  const found = /"id"\s*:\s*(\d{1,15})/.exec(text.slice(0, 4096))
  return found === null ? 0 : Number(found[1])
}
