import type { FrameSocketListener } from './frameSocket.ts'

/** What every FrameSocket does with what arrives: keeps it until somebody listens, then hands it over in order. */
export interface MessageInbox {
  listen(listener: FrameSocketListener): void
  /** Keeps what comes from here on for the next listener. */
  hold(): void
  deliver(message: Uint8Array<ArrayBuffer>): void
  /** Calls after the first are ignored. */
  closed(error?: Error): void
}

export function createMessageInbox(): MessageInbox {
  let listener: FrameSocketListener | undefined
  let kept: Uint8Array<ArrayBuffer>[] = []
  let end: { readonly error: Error | undefined; told: boolean } | undefined

  function flush(): void {
    while (listener !== undefined) {
      const message = kept.shift()
      if (message === undefined) break
      listener.onMessage(message)
    }
    if (listener === undefined || end === undefined || end.told) return
    end.told = true
    if (end.error === undefined) listener.onClose()
    else listener.onClose(end.error)
  }

  return {
    listen(next) {
      listener = next
      // Not at once: the new owner gets nothing before listen has returned.
      if (kept.length > 0 || end !== undefined) queueMicrotask(flush)
    },
    hold() {
      listener = undefined
    },
    deliver(message) {
      if (end !== undefined) return
      if (listener !== undefined && kept.length === 0) listener.onMessage(message)
      else kept.push(message)
    },
    closed(error) {
      if (end !== undefined) return
      end = { error, told: false }
      flush()
      if (end.told) kept = []
    },
  }
}
