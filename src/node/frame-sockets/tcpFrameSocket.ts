import type { Socket } from 'node:net'
import { maxHelloPayloadBytes } from '../../shared/wire/frameHeader.ts'
import { createFrameReader } from '../../shared/wire/frameReader.ts'
import { createMessageInbox } from '../../shared/wire/messageInbox.ts'
import { allocateMessage } from './allocateMessage.ts'
import type { HandshakeSocket } from './handshakeSocket.ts'
import { releaseMemory } from './releaseMemory.ts'

/** A peer that does not close after us is cut off. */
const closeGraceMs = 5000

/**
 * Messages on a TCP connection, back to back; each header says how long its message is. Sends header and payload in one
 * writev without joining them, receives with one copy into a buffer of the exact size. Takes over `socket`.
 */
export function createTcpFrameSocket(socket: Socket): HandshakeSocket {
  const inbox = createMessageInbox()
  let maxFrameBytes = maxHelloPayloadBytes
  socket.setNoDelay(true)

  const reader = createFrameReader({
    maxFrameBytes: () => maxFrameBytes,
    allocate: allocateMessage,
    onMessage: (message) => inbox.deliver(message),
  })
  let broken = false
  function onData(chunk: Buffer): void {
    if (broken) return // only read on so that the peer gets to see why
    const result = reader.read(chunk)
    releaseMemory(chunk)
    if (result.ok) return
    broken = true
    inbox.closed(result.error)
  }
  socket.on('error', (error) => inbox.closed(error))
  socket.on('end', () => {
    if (!reader.isBetweenMessages()) inbox.closed(new Error('the connection ended inside a message'))
  })
  socket.on('close', () => inbox.closed())
  socket.pause()
  socket.on('data', onData)

  return {
    listen(listener) {
      inbox.listen(listener)
      socket.resume()
    },
    hold() {
      socket.pause()
      inbox.hold()
    },
    allowFrames(bytes) {
      maxFrameBytes = bytes
    },
    send(parts) {
      if (!socket.writable) return
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
    },
    get bufferedBytes() {
      return socket.writableLength
    },
    get bytesRead() {
      return socket.bytesRead
    },
    close() {
      if (socket.writableEnded) return
      socket.end(() => {
        const timer = setTimeout(() => socket.destroy(), closeGraceMs)
        socket.once('close', () => clearTimeout(timer))
      })
    },
    destroy: () => void socket.destroy(),
  }
}
