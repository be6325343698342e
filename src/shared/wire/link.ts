import type { AppError } from '../errors/appError.ts'
import type { Frame } from './frame.ts'

/**
 * The two ends of a stream that leaves an engine: to another device, to the client, or to memory. The engine sees only
 * these; sockets, credits in bytes and framing are behind them.
 */
export interface LinkSender {
  /** Whether the receiver has granted a slot: send may be called exactly while this is true. */
  canSend(): boolean
  /** Bytes put on the link for this frame, headers included. Takes the frame's buffers as they are, without a copy. */
  send(frame: Frame): number
  /** No frame with a number below `bound` will come any more. Never needs credit. */
  advance(bound: number): void
  /** The stream is complete. */
  end(): void
  /** The stream is broken; the receiver's engine stops with this error. */
  fail(error: AppError): void
}

export interface LinkSenderListener {
  /** canSend has become true. */
  onCredit(): void
  /** The other side is gone or refuses: the run cannot go on. */
  onFailure(error: AppError): void
}

export interface LinkReceiver {
  /** `slots` more frames are welcome. Called once at the start and then whenever the engine has taken a frame. */
  grant(slots: number): void
  /** Stops listening; the other side learns that nobody reads any more. */
  cancel(error?: AppError): void
}

export interface LinkReceiverListener {
  /** Its trail ends with this link, where the link has an index in the deployment. */
  onFrame(frame: Frame): void
  onAdvance(bound: number): void
  onEnd(): void
  onFailure(error: AppError): void
}

/** Gives an engine the ends of its links; each link is opened once. Made by a session from its data connections. */
export interface LinkProvider {
  openSender(linkId: string, listener: LinkSenderListener): LinkSender
  openReceiver(linkId: string, listener: LinkReceiverListener): LinkReceiver
}
