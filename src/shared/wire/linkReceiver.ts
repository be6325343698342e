import { AppError } from '../errors/appError.ts'
import { encodeCredit } from './encodeFrame.ts'
import type { Frame } from './frame.ts'
import { defaultMaxFrameBytes, invalidFrame } from './frameHeader.ts'
import type { FrameSocket } from './frameSocket.ts'
import type { LinkReceiver, LinkReceiverListener } from './link.ts'
import { createLinkConnection, type LinkOptions } from './linkConnection.ts'

export interface LinkReceiverOptions extends LinkOptions {
  /** Index of the link in the deployment. Given, each frame's trail ends with this link and the bytes it took here. */
  readonly linkIndex?: number
  /** Bytes that may be under way or untaken, besides one frame: 16 MiB, or 4 frames where frames are smaller. */
  readonly windowBytes?: number
}

const defaultWindowBytes = 16 * 1024 * 1024

/**
 * The receiving end of a stream on `socket`, which it takes over. Slots are granted as the engine says, bytes as frames
 * are taken: the n-th slot after the first grant gives back the bytes of the n-th frame. Failures: `device.disconnected`,
 * what the sender says, `wire.credit-exceeded`, `wire.frame-invalid`, `wire.frame-too-large`, `wire.token-invalid`.
 */
export function createLinkReceiver(
  socket: FrameSocket,
  options: LinkReceiverOptions,
  listener: LinkReceiverListener,
): LinkReceiver {
  const { linkId, linkIndex, epoch } = options
  const maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes
  const windowBytes = options.windowBytes ?? Math.min(defaultWindowBytes, 4 * maxFrameBytes)
  /** What the sender may still use, as far as it can know. */
  let frames = 0
  let bytes = 0
  /** Most slots at once so far. */
  let windowFrames = 0
  /** Granted and not told yet. */
  let untoldFrames = 0
  let untoldBytes = windowBytes
  let tellScheduled = false
  let bound = 0
  /** Sizes of the frames that have come and whose bytes have not been given back. */
  const sizes: number[] = []

  const connection = createLinkConnection(socket, options, {
    onMessage(message, size) {
      switch (message.type) {
        case 'tensor':
          receiveFrame(message.frame, size)
          return
        case 'advance':
          if (message.bound < bound) {
            connection.refuse(invalidFrame('W17', `advances link ${linkId} to ${message.bound}, behind ${bound}`))
          } else {
            bound = message.bound
            listener.onAdvance(bound)
          }
          return
        case 'end':
          connection.finish()
          listener.onEnd()
          return
        case 'credit':
          connection.refuse(invalidFrame('W18', `of type credit comes from the sending end of link ${linkId}`))
          return
        default:
          return message satisfies never
      }
    },
    onFailure: (error) => listener.onFailure(error),
  })

  function receiveFrame(frame: Frame, size: number): void {
    if (frames < 1 || bytes <= 0) {
      const granted = frames < 1 ? 'frames' : 'bytes'
      const message = `Link ${linkId}: ${options.peer} sent frame ${frame.seq} without ${granted} to its credit (rule W18).`
      connection.refuse(new AppError('wire.credit-exceeded', message, { details: { link: linkId, frames, bytes } }))
      return
    }
    if (frame.seq < bound) {
      connection.refuse(invalidFrame('W17', `of link ${linkId} has number ${frame.seq}, expected at least ${bound}`))
      return
    }
    frames--
    bytes -= size
    bound = frame.seq + 1
    sizes.push(size)
    scheduleTelling()
    listener.onFrame(linkIndex === undefined ? frame : withTrail(frame, linkIndex, size))
  }

  /**
   * Credit is told once per turn, and not before half of what was told is used up: often enough that the sender never
   * waits for it, and it cannot be forgotten, because a sender that has nothing left makes `frames` or `bytes` 0.
   */
  function scheduleTelling(): void {
    const usedUp = 2 * frames <= windowFrames || 2 * bytes <= windowBytes
    if (!usedUp || untoldFrames === 0 || tellScheduled) return
    tellScheduled = true
    queueMicrotask(tell)
  }

  function tell(): void {
    tellScheduled = false
    if (!connection.isOpen) return
    frames += untoldFrames
    bytes += untoldBytes
    connection.send(encodeCredit(untoldFrames, untoldBytes, epoch))
    untoldFrames = 0
    untoldBytes = 0
  }

  return {
    grant(slots) {
      untoldFrames += slots
      for (const size of sizes.splice(0, slots)) untoldBytes += size
      windowFrames = Math.max(windowFrames, frames + untoldFrames)
      scheduleTelling()
    },
    cancel(error) {
      connection.fail(error ?? new AppError('engine.stopped', `The receiver of link ${linkId} no longer reads.`))
    },
  }
}

function withTrail(frame: Frame, link: number, bytes: number): Frame {
  const { origin } = frame
  return { ...frame, origin: { ...origin, trail: [...origin.trail, { link, bytes }] } }
}
