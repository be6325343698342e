/**
 * A message socket for data frames: TCP with its own delimiting, WebSocket binary messages, or memory. Whole messages
 * go in and come out; the link protocol (credits, schema, end) is above, in this folder, and the same on all of them.
 */
export interface FrameSocket {
  /**
   * From now on `listener` gets what arrives, beginning with what arrived while there was none; reading rests until
   * the first call. Nothing is delivered before it returns. Calling it again hands the socket over to a new owner.
   */
  listen(listener: FrameSocketListener): void
  /**
   * Sends one message made of `parts`, in order, without joining or copying them; the caller no longer writes to them.
   * Does nothing once the socket is closed.
   */
  send(parts: readonly Uint8Array[]): void
  /** Bytes handed to send that the network has not taken yet. */
  readonly bufferedBytes: number
  /** Bytes that have come so far, those of messages that are not whole yet included. */
  readonly bytesRead: number
  /** Sends what is buffered, then closes. What the peer still sends is delivered until it closes as well. */
  close(): void
  /** Closes at once. */
  destroy(): void
}

export interface FrameSocketListener {
  /** One whole message in a buffer of its own, aligned to 8 bytes: the receiver may keep and transfer it. */
  onMessage(message: Uint8Array<ArrayBuffer>): void
  /**
   * No more messages; called exactly once, after every message. `error` when the connection broke instead of closing:
   * an AppError when the peer sent what is no message, in which case the listener says so to the peer and closes.
   */
  onClose(error?: Error): void
}
