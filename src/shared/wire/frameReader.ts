import { failure, type Result, success } from '../errors/result.ts'
import { frameHeaderBytes, messageBytesOf, parseFrameHeader } from './frameHeader.ts'

export interface FrameReaderOptions {
  /** Largest payload of a tensor, asked for each message. */
  readonly maxFrameBytes: () => number
  /** Memory of exactly that size, aligned to 8 bytes, with any content. */
  readonly allocate?: (bytes: number) => Uint8Array<ArrayBuffer>
  onMessage(message: Uint8Array<ArrayBuffer>): void
}

/** Cuts a byte stream into messages: each header says how long its message is. */
export interface FrameReader {
  /** Takes the next bytes of the stream; calls onMessage for each message that they complete. */
  read(chunk: Uint8Array): Result<void>
  /** Whether the stream may end here. */
  isBetweenMessages(): boolean
}

/**
 * One buffer for each message, taken when its header has been checked, filled by the only copy that a received payload
 * goes through. `read` fails with `wire.frame-invalid` or `wire.frame-too-large`; the stream is then useless.
 */
export function createFrameReader(options: FrameReaderOptions): FrameReader {
  const allocate = options.allocate ?? ((bytes) => new Uint8Array(bytes))
  const header = new Uint8Array(frameHeaderBytes)
  let headerFilled = 0
  let message: Uint8Array<ArrayBuffer> | undefined
  let messageFilled = 0

  return {
    read(chunk) {
      let at = 0
      while (at < chunk.byteLength) {
        if (message === undefined) {
          const taken = Math.min(frameHeaderBytes - headerFilled, chunk.byteLength - at)
          header.set(chunk.subarray(at, at + taken), headerFilled)
          headerFilled += taken
          at += taken
          if (headerFilled < frameHeaderBytes) break
          const parsed = parseFrameHeader(header, options.maxFrameBytes())
          if (!parsed.ok) return failure(parsed.error)
          message = allocate(messageBytesOf(parsed.value))
          message.set(header)
          messageFilled = frameHeaderBytes
        }
        const taken = Math.min(message.byteLength - messageFilled, chunk.byteLength - at)
        if (taken > 0) message.set(chunk.subarray(at, at + taken), messageFilled)
        messageFilled += taken
        at += taken
        if (messageFilled < message.byteLength) break
        const complete = message
        message = undefined
        headerFilled = 0
        options.onMessage(complete)
      }
      return success(undefined)
    },
    isBetweenMessages: () => message === undefined && headerFilled === 0,
  }
}
