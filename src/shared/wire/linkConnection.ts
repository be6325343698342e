import { AppError, messageOf } from '../errors/appError.ts'
import type { Clock } from '../node-kinds/nodeContext.ts'
import { type DataMessage, decodeFrame } from './decodeFrame.ts'
import { encodeBare, encodeFail, type MessageParts } from './encodeFrame.ts'
import { defaultMaxFrameBytes, invalidFrame } from './frameHeader.ts'
import type { FrameSocket } from './frameSocket.ts'
import { type LinkSchema, toLinkSchema } from './linkSchema.ts'

export interface LinkOptions {
  /** How messages call the link. */
  readonly linkId: string
  /** The device at the other end, for messages. */
  readonly peer: string
  /** Both ends belong to this deployment; a message of another epoch is refused. */
  readonly epoch: number
  /** Largest payload of one frame that is accepted; 64 MiB where not given. */
  readonly maxFrameBytes?: number
  /** Given, the peer is pinged and, once heard, counts as gone when nothing comes from it for 1.5 s. */
  readonly clock?: Clock
}

/** What both ends of a link have in common: decoding, epochs, pings, and every way in which a connection can end. */
export interface LinkConnection {
  send(parts: MessageParts): void
  readonly isOpen: boolean
  /** The stream is complete: sends what is buffered and closes; nothing that happens to the socket counts any more. */
  finish(): void
  /** Tells the peer why and closes; nothing is reported here. */
  fail(error: AppError): void
  /** As fail, and reports the error here. */
  refuse(error: AppError): void
}

export interface LinkConnectionListener {
  /** Everything but hello, welcome, ping, pong, schema, fail and what is ignored. */
  onMessage(message: Extract<DataMessage, { type: 'tensor' | 'advance' | 'credit' | 'end' }>, bytes: number): void
  /** Called at most once, and nothing after it. */
  onFailure(error: AppError): void
}

/** Takes over `socket` until it is closed. */
export function createLinkConnection(
  socket: FrameSocket,
  options: LinkOptions,
  listener: LinkConnectionListener,
): LinkConnection {
  const { linkId, peer, epoch } = options
  const schemas: LinkSchema[] = []
  const decodeOptions = { maxFrameBytes: options.maxFrameBytes ?? defaultMaxFrameBytes, schemas }
  let isOpen = true
  let heard = false
  const stopPinging = options.clock === undefined ? () => undefined : keepAlive(options.clock)

  function shut(): void {
    isOpen = false
    stopPinging()
  }

  function report(error: AppError): void {
    if (!isOpen) return
    shut()
    listener.onFailure(error)
  }

  function fail(error: AppError): void {
    if (!isOpen) return
    shut()
    socket.send(encodeFail(error, epoch))
    socket.close()
  }

  function refuse(error: AppError): void {
    if (!isOpen) return
    fail(error)
    listener.onFailure(error)
  }

  function receive(message: Uint8Array<ArrayBuffer>): void {
    if (!isOpen) return
    heard = true
    const decoded = decodeFrame(message, decodeOptions)
    if (!decoded.ok) refuse(ofThisLink(decoded.error))
    else if (decoded.value.epoch !== epoch) refuse(wrongEpoch(decoded.value.epoch))
    else take(decoded.value, message.byteLength)
  }

  function take(found: DataMessage, bytes: number): void {
    switch (found.type) {
      case 'tensor':
      case 'advance':
      case 'credit':
      case 'end':
        listener.onMessage(found, bytes)
        return
      case 'schema':
        if (found.schemaId !== schemas.length) {
          refuse(ofThisLink(invalidFrame('W15', `announces schema ${found.schemaId} where ${schemas.length} is next`)))
        } else {
          schemas.push(toLinkSchema(found.schemaId, found.spec))
        }
        return
      case 'ping':
        // Who does not read gets no more of them: what waits for him is sign of life enough, and must not grow.
        if (socket.bufferedBytes < maxUnreadBytes) socket.send(encodeBare('pong', epoch, found.token))
        return
      case 'fail':
        report(found.error)
        socket.close()
        return
      case 'hello':
      case 'welcome':
        refuse(ofThisLink(invalidFrame('W10', `of type ${found.type} comes in the middle of a stream`)))
        return
      default:
        // pong and what may be ignored: being heard is all they do.
        return
    }
  }

  function keepAlive(clock: Clock): () => void {
    // Before the peer has been heard at all it may not have started its end yet, and that is for its session to notice.
    let met = false
    let silentMs = 0
    let bytesRead = socket.bytesRead
    let cancel = clock.schedule(pingEveryMs, tick)
    function tick(): void {
      // Bytes count, not only messages: on a slow link one frame may take longer than a peer may be silent.
      heard ||= socket.bytesRead !== bytesRead
      bytesRead = socket.bytesRead
      met ||= heard
      silentMs = heard || !met ? 0 : silentMs + pingEveryMs
      heard = false
      if (silentMs >= deadAfterMs) {
        socket.destroy()
        report(gone(`no sign of life for ${deadAfterMs / 1000} s`))
        return
      }
      socket.send(encodeBare('ping', epoch))
      cancel = clock.schedule(pingEveryMs, tick)
    }
    return () => cancel()
  }

  function gone(why: string, cause?: Error): AppError {
    const message = `Link ${linkId}: ${peer} is gone: ${why}. Check that it still runs and can be reached.`
    return new AppError('device.disconnected', message, { details: { link: linkId, peer }, cause })
  }

  function ofThisLink(error: AppError): AppError {
    return new AppError(error.code, `Link ${linkId} from ${peer}: ${error.message}`, { details: error.details })
  }

  function wrongEpoch(found: number): AppError {
    const message = `Link ${linkId}: ${peer} sends for deployment ${found}, expected ${epoch} (rule W11). Deploy again.`
    return new AppError('wire.token-invalid', message, { details: { rule: 'W11', found, expected: epoch } })
  }

  socket.listen({
    onMessage: receive,
    onClose(error) {
      // What the socket found wrong is told to the peer as well; whatever else happens means that it is gone.
      if (error instanceof AppError) refuse(ofThisLink(error))
      else report(gone(error === undefined ? 'it closed the connection before the end' : messageOf(error), error))
    },
  })

  return {
    send: (parts) => {
      if (isOpen) socket.send(parts)
    },
    get isOpen() {
      return isOpen
    },
    finish() {
      if (!isOpen) return
      shut()
      socket.close()
    },
    fail,
    refuse,
  }
}

/** Unsent bytes above which pings are not answered. */
const maxUnreadBytes = 1024 * 1024
/** Also how often silence is looked at: a user learns of it within 2 s. */
const pingEveryMs = 250
/** Silence after which a peer counts as dead. */
const deadAfterMs = 1500
