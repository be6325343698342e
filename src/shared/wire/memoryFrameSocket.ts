import type { FrameSocket } from './frameSocket.ts'
import { createMessageInbox, type MessageInbox } from './messageInbox.ts'

/**
 * Two ends of a connection inside one process. A message arrives in a later microtask, in one buffer of its own, as from
 * a network: sender and receiver never share memory, so either may transfer its buffers to a worker.
 */
export function createMemoryFrameSockets(): readonly [FrameSocket, FrameSocket] {
  const a: End = { inbox: createMessageInbox(), bytesRead: 0 }
  const b: End = { inbox: createMessageInbox(), bytesRead: 0 }
  const state = { open: true }
  return [createEnd(a, b, state), createEnd(b, a, state)]
}

interface End {
  readonly inbox: MessageInbox
  bytesRead: number
}

function createEnd(own: End, peer: End, state: { open: boolean }): FrameSocket {
  let queued = 0
  function shut(error?: Error): void {
    if (!state.open) return
    state.open = false
    // Behind what is still on its way: those microtasks were queued before.
    queueMicrotask(() => {
      peer.inbox.closed(error)
      own.inbox.closed()
    })
  }
  return {
    listen: (listener) => own.inbox.listen(listener),
    send(parts) {
      if (!state.open) return
      const message = join(parts)
      queued += message.byteLength
      queueMicrotask(() => {
        queued -= message.byteLength
        peer.bytesRead += message.byteLength
        peer.inbox.deliver(message)
      })
    },
    get bufferedBytes() {
      return queued
    },
    get bytesRead() {
      return own.bytesRead
    },
    close: () => shut(),
    destroy: () => shut(new Error('the other side closed at once')),
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    message.set(part, at)
    at += part.byteLength
  }
  return message
}
