import type { FrameSocket } from '../../shared/wire/frameSocket.ts'

/** A frame socket as the two sides of the handshake see it (rules W10, W11); its later owner gets the plain socket. */
export interface HandshakeSocket extends FrameSocket {
  /** Stops reading; what has been read already is kept for the next listener. */
  hold(): void
  /** The handshake is over: tensors of up to `bytes` may come. Until then a message has at most 4 KiB. */
  allowFrames(bytes: number): void
}
