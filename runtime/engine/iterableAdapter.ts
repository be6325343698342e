import type { AppError } from '../../src/shared/errors/appError.ts'
import { toAppError } from '../../src/shared/errors/appError.ts'
import type { Tensor } from '../../src/shared/tensor/tensor.ts'
import type { Frame, FrameOrigin } from '../../src/shared/wire/frame.ts'
import type { LinkReceiver, LinkReceiverListener, LinkSender, LinkSenderListener } from '../../src/shared/wire/link.ts'

export type OpenReceiver = (listener: LinkReceiverListener) => LinkReceiver
export type OpenSender = (listener: LinkSenderListener) => LinkSender

/** One frame that comes from outside of a graph. */
export interface FedFrame {
  readonly tensor: Tensor
  /** Monotonic ns of the feeder's clock; by default the time of sending. */
  readonly capturedAtNs?: number
  readonly source?: string
}

export interface FeedOptions {
  nowNs(): number
  /** FrameOrigin.device of the frames: whose clock nowNs is. */
  readonly device: number
}

/**
 * The frames of a stream as an async iterable: pulled with back-pressure, at most `window` of them waiting here.
 * Throws the AppError of a broken stream. Leaving the loop early cancels the stream. To be iterated once.
 */
export function iterateFrames(open: OpenReceiver, window = 2): AsyncIterable<Frame> {
  return { [Symbol.asyncIterator]: () => readFrames(open, window) }
}

async function* readFrames(open: OpenReceiver, window: number): AsyncGenerator<Frame, void> {
  const waiting: Frame[] = []
  const state: { ended: boolean; error?: AppError; wake: () => void } = { ended: false, wake: () => undefined }
  const receiver = open({
    onFrame(frame) {
      waiting.push(frame)
      state.wake()
    },
    onAdvance: () => undefined,
    onEnd() {
      state.ended = true
      state.wake()
    },
    onFailure(error) {
      state.ended = true
      state.error = error
      state.wake()
    },
  })
  try {
    receiver.grant(window)
    for (;;) {
      const frame = waiting.shift()
      if (frame !== undefined) {
        yield frame
        receiver.grant(1)
      } else if (state.error !== undefined) throw state.error
      else if (state.ended) return
      else {
        await new Promise<void>((resolve) => {
          state.wake = resolve
        })
      }
    }
  } finally {
    if (!state.ended) receiver.cancel()
  }
}

/**
 * Feeds a stream from an iterable, which is pulled only when the stream has room. Resolves when the iterable has ended
 * and the stream was told; rejects with the AppError of whichever broke (`node.failed` for another error of the
 * iterable). The iterable is always closed.
 */
export async function feedIterable(
  frames: AsyncIterable<FedFrame>,
  open: OpenSender,
  options: FeedOptions,
): Promise<void> {
  const state: { error?: AppError; wake: () => void } = { wake: () => undefined }
  const sender = open({
    onCredit: () => state.wake(),
    onFailure(error) {
      state.error = error
      state.wake()
    },
  })
  const room = async () => {
    while (!sender.canSend() && state.error === undefined) {
      await new Promise<void>((resolve) => {
        state.wake = resolve
      })
    }
  }
  const iterator = frames[Symbol.asyncIterator]()
  let exhausted = false
  try {
    for (let seq = 0; ; seq++) {
      await room()
      if (state.error !== undefined) throw state.error
      const next = await iterator.next()
      if (next.done) {
        exhausted = true
        sender.end()
        return
      }
      if (state.error !== undefined) throw state.error
      sender.send(toFrame(next.value, seq, options))
    }
  } catch (cause) {
    const error = toAppError(cause, 'node.failed', 'The frames that were to be fed broke off')
    if (state.error === undefined) sender.fail(error)
    throw error
  } finally {
    if (!exhausted) await iterator.return?.()
  }
}

export function toFrame({ tensor, capturedAtNs, source }: FedFrame, seq: number, options: FeedOptions): Frame {
  const origin: FrameOrigin = {
    capturedAtNs: capturedAtNs ?? options.nowNs(),
    device: options.device,
    trail: [],
    ...(source !== undefined && { source }),
  }
  return { seq, origin, tensor }
}
