import type { FrameSocket } from './frameSocket.ts'
import { createMessageInbox, type MessageInbox } from './messageInbox.ts'

/**
 * Two ends of a connection inside one process. A message arrives in a later microtask, in one buffer of its own, as from
 * a network: sender and receiver never share memory, so either may transfer its buffers to a worker.
 */
export function createMemoryFrameSockets(): readonly [FrameSocket, FrameSocket] {
  const inboxes = [createMessageInbox(), createMessageInbox()] as const
  const state = { open: true }
  return [createEnd(inboxes[0], inboxes[1], state), createEnd(inboxes[1], inboxes[0], state)]
}

function createEnd(own: MessageInbox, peer: MessageInbox, state: { open: boolean }): FrameSocket {
  let queued = 0
  function shut(error?: Error): void {
    if (!state.open) return
    state.open = false
    // Behind what is still on its way: those microtasks were queued before.
    queueMicrotask(() => {
      peer.closed(error)
      own.closed()
    })
  }
  return {
    listen: (listener) => own.listen(listener),
    send(parts) {
      if (!state.open) return
      const message = join(parts)
      queued += message.byteLength
      queueMicrotask(() => {
        queued -= message.byteLength
        peer.deliver(message)
      })
    },
    get bufferedBytes() {
      return queued
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
