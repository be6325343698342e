import type { Tensor } from '../tensor/tensor.ts'

/** Where and when a frame began; carried along unchanged, joined where streams join. */
export interface FrameOrigin {
  /** Monotonic clock of the device that captured it. */
  readonly capturedAtNs: number
  /** Index into the deployment's device list: whose clock `capturedAtNs` is. */
  readonly device: number
  /** File name or camera, at most 255 bytes of UTF-8. */
  readonly source?: string
  /** Bytes this frame has put on each link so far, by link index of the deployment; headers included. */
  readonly trail: readonly LinkBytes[]
}

export interface LinkBytes {
  readonly link: number
  readonly bytes: number
}

/** One tensor of one stream. Numbers of a stream rise strictly; a gap means that the numbers between were skipped. */
export interface Frame {
  readonly seq: number
  readonly origin: FrameOrigin
  readonly tensor: Tensor
}
