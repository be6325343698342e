import type { Duplex } from 'node:stream'
import type WebSocket from 'ws'
import { AppError } from '../../shared/errors/appError.ts'
import {
  frameHeaderBytes,
  invalidFrame,
  maxExtensionBytes,
  maxHelloPayloadBytes,
} from '../../shared/wire/frameHeader.ts'
import { createMessageInbox } from '../../shared/wire/messageInbox.ts'
import { allocateMessage } from './allocateMessage.ts'
import type { HandshakeSocket } from './handshakeSocket.ts'
import { releaseMemory } from './releaseMemory.ts'

export interface WsFrameSocketOptions {
  /** The connection under `ws`, open since the upgrade. */
  readonly stream: Duplex
  /**
   * How messages are masked (RFC 6455, 5.3). `none`: we are the server. `zero`: we are the client and no intermediary
   * can be between, so that masking protects nobody; a key of zero leaves the payload as it is. `random`: the client
   * otherwise; every byte is then copied and changed on its way.
   */
  readonly mask: 'none' | 'zero' | 'random'
}

/** A peer that does not close after us is cut off. */
const closeGraceMs = 5000
const maxUnreadBytes = 1024 * 1024

/** What `ws` may deliver as one message when a tensor may take `maxFrameBytes`. */
export function maxWsPayload(maxFrameBytes: number): number {
  return frameHeaderBytes + maxExtensionBytes + maxFrameBytes
}

/**
 * Each message is one binary WebSocket message. Takes over `ws`, which must be open and made with `autoPong: false`:
 * answers to pings would still use memory that is given back here.
 */
export function createWsFrameSocket(ws: WebSocket, { stream, mask }: WsFrameSocketOptions): HandshakeSocket {
  const inbox = createMessageInbox()
  const maxFirstBytes = maxWsPayload(maxHelloPayloadBytes)
  let firstBytes: number | undefined = 0

  /** What the stream has read before the chunk that ws is working on. */
  let doneChunks: Buffer[] = []
  let bytesRead = 0

  // ws listens to the stream before us, so it has worked on each chunk when we see it; but when the stream has closed, it
  // takes the rest after us.
  function onChunk(chunk: Buffer): void {
    bytesRead += chunk.byteLength
    if (!stream.destroyed) doneChunks.push(chunk)
    if (firstBytes === undefined) return
    // ws would gather a long first message up to its own limit; nobody has shown a token yet.
    firstBytes += chunk.byteLength
    if (firstBytes > maxFirstBytes) broken(tooLarge())
  }
  function broken(error: AppError): void {
    inbox.closed(error)
    ws.removeAllListeners('message')
  }
  stream.on('data', onChunk)
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return broken(invalidFrame('W25', 'is a text message'))
    const message = toOwnMessage(data)
    // A message ends in the chunk that ws is working on, so nothing refers to those before it any more.
    for (const chunk of doneChunks) releaseMemory(chunk)
    doneChunks = []
    inbox.deliver(message)
  })
  ws.on('ping', (data: Buffer) => {
    // Who does not read gets no more of them: what waits for him is sign of life enough, and must not grow.
    if (ws.bufferedAmount < maxUnreadBytes) ws.pong(Buffer.from(data))
  })
  ws.on('error', (error: Error & { readonly code?: string }) => {
    inbox.closed(error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? tooLarge() : error)
  })
  ws.on('close', (code) => {
    const closed = code === 1000 || code === 1005
    inbox.closed(closed ? undefined : new Error(code === 1006 ? 'the connection broke' : `WebSocket status ${code}`))
  })
  ws.pause()

  return {
    listen(listener) {
      inbox.listen(listener)
      ws.resume()
    },
    hold() {
      ws.pause()
      inbox.hold()
    },
    allowFrames() {
      firstBytes = undefined
    },
    send(parts) {
      if (ws.readyState !== ws.OPEN) return
      if (mask === 'random') {
        for (const [index, part] of parts.entries()) ws.send(part, { binary: true, fin: index === parts.length - 1 })
        return
      }
      // ws sends one buffer a message, or fragments that the other side joins by another copy; so the message is framed
      // here and its parts follow as they are. ws writes its own pings and closes whole, between two messages.
      stream.cork()
      stream.write(webSocketHeader(parts, mask === 'zero'))
      for (const part of parts) stream.write(part)
      stream.uncork()
    },
    get bufferedBytes() {
      return ws.bufferedAmount
    },
    get bytesRead() {
      return bytesRead
    },
    close() {
      if (ws.readyState !== ws.OPEN) return
      ws.close(1000)
      const timer = setTimeout(() => ws.terminate(), closeGraceMs)
      ws.once('close', () => clearTimeout(timer))
    },
    destroy: () => ws.terminate(),
  }
}

/** RFC 6455, 5.2: final fragment, binary; the length in 7, 16 or 64 bits; a masking key of zero where one is due. */
function webSocketHeader(parts: readonly Uint8Array[], withMask: boolean): Uint8Array {
  let length = 0
  for (const part of parts) length += part.byteLength
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const header = new Uint8Array(2 + lengthBytes + (withMask ? 4 : 0))
  const view = new DataView(header.buffer)
  header[0] = 0x82
  header[1] = (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127) | (withMask ? 0x80 : 0)
  if (lengthBytes === 2) view.setUint16(2, length)
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length))
  return header
}

/** ws has joined what came in pieces into a buffer of its own; what came in one piece is part of a larger buffer. */
function toOwnMessage(data: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = data
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer)
  const message = allocateMessage(byteLength)
  message.set(data)
  return message
}

function tooLarge(): AppError {
  return new AppError('wire.frame-too-large', 'A WebSocket message is longer than what is allowed here (rule W13).', {
    details: { rule: 'W13' },
  })
}
