/**
 * A message socket for data frames: TCP with its own delimiting, WebSocket binary messages, or memory. Whole messages
 * go in and come out; the link protocol (credits, schema, end) is above, in this folder, and the same on all of them.
 */
export interface FrameSocket {
  /**
   * Sends one message made of `parts`, in order, without joining or copying them; the caller no longer writes to them.
   */
  send(parts: readonly Uint8Array[]): void
  /** Bytes handed to send that the network has not taken yet. */
  readonly bufferedBytes: number
  /** Sends what is buffered, then closes. */
  close(): void
  /** Closes at once. */
  destroy(): void
}

export interface FrameSocketListener {
  /** One whole message in a buffer of its own, aligned to 8 bytes: the receiver may keep and transfer it. */
  onMessage(message: Uint8Array<ArrayBuffer>): void
  /** No more messages. `error` when it broke instead of closing. Called exactly once. */
  onClose(error?: Error): void
}
