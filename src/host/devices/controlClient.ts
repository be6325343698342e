import { createDeferred } from '../../node/deferred.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { assertNever, BugError } from '../../shared/errors/bugError.ts'
import { encodeBlobChunk, maxBlobChunkBytes } from '../../shared/wire/blobChunk.ts'
import {
  type ControlEvent,
  type ControlRequest,
  protocolVersion,
  type ReplyResult,
  replyResultSchemas,
} from '../../shared/wire/controlMessage.ts'
import type { ControlSocket } from '../../shared/wire/controlSocket.ts'
import { encodeControl, fromWireError, parseEvent } from '../../shared/wire/parseControl.ts'

/** What a device tells without being asked. */
export type DeviceEvent = Exclude<ControlEvent, { type: 'reply' } | { type: 'blob-stored' }>

type RequestBody<T extends ControlRequest['type']> = Omit<Extract<ControlRequest, { type: T }>, 'type' | 'id'>

/** The client's end of one device's control connection: requests with their replies, blob uploads, events. */
export interface ControlClient {
  /** Rejects with the device's own AppError, or `device.disconnected` when the connection ends first. */
  request<T extends ControlRequest['type']>(type: T, body: RequestBody<T>): Promise<ReplyResult<T>>
  /**
   * Makes sure that the device holds a blob; sends only what it lacks. `onProgress` gets the bytes it holds so far.
   * Rejects with `device.disk-full`, `device.blob-mismatch`, `device.limit-exceeded` or `device.disconnected`.
   */
  putBlob(blob: BlobContent, onProgress?: (bytes: number) => void): Promise<void>
  /** Hands every event to `listener` from now on. */
  onEvent(listener: (event: DeviceEvent) => void): void
  /** Resolves once, with the reason, when the connection is over. */
  readonly closed: Promise<AppError>
  close(): void
}

export interface BlobContent {
  readonly hash: string
  readonly bytes: number
  read(): Promise<Uint8Array>
}

/** Above this much unsent, an upload waits: enough to fill any link, little enough to stop at once. */
const maxUnsentBytes = 4 * 1024 * 1024
const unsentPollMs = 2

/** Takes over `socket`. `deviceName` is how error messages call the device. */
export function createControlClient(socket: ControlSocket, deviceName: string): ControlClient {
  const replies = new Map<number, { type: ControlRequest['type']; settle: (outcome: unknown) => void }>()
  const transfers = new Map<number, (error?: AppError) => void>()
  const listeners = new Set<(event: DeviceEvent) => void>()
  const { promise: closed, resolve: resolveClosed } = createDeferred<AppError>()
  let closeReason: AppError | undefined
  let nextId = 1

  socket.listen({
    onText(text) {
      const parsed = parseEvent(text)
      if (parsed.ok) receive(parsed.value)
      else endBecause(parsed.error)
    },
    onBinary() {
      endBecause(new AppError('wire.message-invalid', `${deviceName} sent a binary control message; only clients may.`))
    },
    onClose(error) {
      const why = error === undefined ? 'the connection was closed' : messageOf(error)
      finish(new AppError('device.disconnected', `${deviceName} is gone: ${why}.`, { cause: error }))
    },
  })

  function receive(event: ControlEvent): void {
    switch (event.type) {
      case 'reply': {
        const waiting = replies.get(event.id)
        replies.delete(event.id)
        waiting?.settle(event.error === undefined ? checkReply(waiting.type, event.result) : fromWireError(event.error))
        return
      }
      case 'blob-stored': {
        const settle = transfers.get(event.transfer)
        transfers.delete(event.transfer)
        settle?.(event.error === undefined ? undefined : fromWireError(event.error))
        return
      }
      case 'telemetry':
      case 'log':
      case 'session-ended':
        for (const listener of listeners) listener(event)
        return
      default:
        assertNever(event)
    }
  }

  function checkReply(type: ControlRequest['type'], result: unknown): unknown {
    const parsed = replyResultSchemas[type].safeParse(result)
    if (parsed.success) return parsed.data
    return new AppError('wire.message-invalid', `${deviceName} answered ${type} with: ${parsed.error.message}`)
  }

  function endBecause(error: AppError): void {
    finish(error)
    socket.close(error.message)
  }

  function finish(reason: AppError): void {
    if (closeReason !== undefined) return
    closeReason = reason
    for (const { settle } of replies.values()) settle(reason)
    replies.clear()
    for (const settle of transfers.values()) settle(reason)
    transfers.clear()
    resolveClosed(reason)
  }

  function request<T extends ControlRequest['type']>(type: T, body: RequestBody<T>): Promise<ReplyResult<T>> {
    if (closeReason !== undefined) return Promise.reject(closeReason)
    const id = nextId++
    return new Promise((resolve, reject) => {
      replies.set(id, {
        type,
        // checkReply parsed the outcome with the schema of this very type.
        settle: (outcome) => (outcome instanceof AppError ? reject(outcome) : resolve(outcome as ReplyResult<T>)),
      })
      socket.sendText(encodeControl({ type, id, ...body } as unknown as ControlRequest)) // T ties type and body
    })
  }

  async function putBlob(blob: BlobContent, onProgress?: (bytes: number) => void): Promise<void> {
    const { transfer, offset } = await request('put-blob', { hash: blob.hash, bytes: blob.bytes })
    onProgress?.(offset)
    if (offset === blob.bytes) return
    const stored = new Promise<void>((resolve, reject) => {
      if (closeReason !== undefined) reject(closeReason)
      transfers.set(transfer, (error) => (error === undefined ? resolve() : reject(error)))
    })
    // Awaited below; until then a rejection must not count as unhandled.
    stored.catch(() => undefined)
    const content = await blob.read()
    if (content.byteLength !== blob.bytes) throw new BugError(`Blob ${blob.hash} changed its size while being sent`)
    for (let at = offset; at < content.byteLength && transfers.has(transfer); ) {
      const end = Math.min(at + maxBlobChunkBytes, content.byteLength)
      socket.sendBinary(encodeBlobChunk({ transfer, offset: at, data: content.subarray(at, end) }))
      at = end
      onProgress?.(at)
      while (socket.bufferedBytes > maxUnsentBytes && transfers.has(transfer)) await delay(unsentPollMs)
    }
    await stored
  }

  return {
    request,
    putBlob,
    onEvent: (listener) => void listeners.add(listener),
    closed,
    close: () => socket.close(),
  }
}

/** Asks for a common protocol version and learns what the device can do. Fails with `wire.version-unsupported`. */
export async function sayHello(client: ControlClient): Promise<ReplyResult<'hello'>> {
  const reply = await client.request('hello', { versions: [protocolVersion], client: 'colliflow' })
  if (reply.version === protocolVersion) return reply
  const message = `The device speaks version ${reply.version} of the control protocol, expected ${protocolVersion}. Install the same version of ColliFlow on both.`
  throw new AppError('wire.version-unsupported', message, { details: { version: reply.version } })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
