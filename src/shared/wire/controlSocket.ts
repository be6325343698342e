/**
 * One control connection as either end sees it: text messages carry JSON (controlMessage.ts), binary messages carry
 * pieces of blobs (blobChunk.ts). A WebSocket between processes, a pair in memory inside one.
 */
export interface ControlSocket {
  /** Set once, before the first message can arrive. */
  listen(listener: ControlSocketListener): void
  sendText(text: string): void
  sendBinary(bytes: Uint8Array): void
  /** Bytes handed over that the network has not taken yet: who uploads waits while this is high. */
  readonly bufferedBytes: number
  /** Closes after what was sent; `reason` (at most 123 bytes of UTF-8) reaches the peer. */
  close(reason?: string): void
  /** Closes at once, without telling the peer more than that. */
  destroy(): void
}

export interface ControlSocketListener {
  onText(text: string): void
  onBinary(bytes: Uint8Array): void
  /** Called exactly once; nothing comes after it. `error` when the connection broke instead of closing. */
  onClose(error?: Error): void
}
