import { BugError } from '../errors/bugError.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { encodeBare, encodeSchema, encodeTensor, type MessageParts } from './encodeFrame.ts'
import type { Frame } from './frame.ts'
import { invalidFrame } from './frameHeader.ts'
import type { FrameSocket } from './frameSocket.ts'
import type { LinkSender, LinkSenderListener } from './link.ts'
import { createLinkConnection, type LinkOptions } from './linkConnection.ts'
import { createSchemaTable } from './linkSchema.ts'

export interface LinkSenderOptions extends LinkOptions {
  /** What will flow, where it is known: announced at once. Tensors that do not fit get schemas of their own. */
  readonly spec?: TensorSpec
}

/**
 * The sending end of a stream on `socket`, which it takes over. It may send while the receiver has granted at least one
 * frame and one byte; a frame may overdraw the bytes, so that what is under way is at most the receiver's window and one
 * frame. Failures: `device.disconnected`, what the receiver says, `wire.*` when it speaks the protocol wrongly.
 */
export function createLinkSender(
  socket: FrameSocket,
  options: LinkSenderOptions,
  listener: LinkSenderListener,
): LinkSender {
  const { epoch } = options
  let frames = 0
  let bytes = 0
  /** Below this nothing may be sent any more; what the receiver knows of it is `announced`. */
  let bound = 0
  let announced = 0
  let advanceScheduled = false

  const connection = createLinkConnection(socket, options, {
    onMessage(message) {
      if (message.type !== 'credit') {
        connection.refuse(invalidFrame('W18', `of type ${message.type} comes from the receiving end`))
        return
      }
      const couldSend = canSend()
      frames += message.frames
      bytes += message.bytes
      if (!couldSend && canSend()) listener.onCredit()
    },
    onFailure: (error) => listener.onFailure(error),
  })
  const schemas = createSchemaTable((id, spec) => connection.send(encodeSchema(id, spec, epoch)))
  if (options.spec !== undefined) schemas.add(options.spec)

  function canSend(): boolean {
    return frames > 0 && bytes > 0 && connection.isOpen
  }

  function sendAdvance(): void {
    advanceScheduled = false
    if (bound <= announced) return
    announced = bound
    connection.send(encodeBare('advance', epoch, bound))
  }

  return {
    canSend,
    send(frame: Frame) {
      if (!connection.isOpen) return 0
      if (!canSend()) throw new BugError(`Link ${options.linkId} was given a frame without credit`)
      if (frame.seq < bound)
        throw new BugError(`Link ${options.linkId} was given frame ${frame.seq} after ${bound - 1}`)
      const parts = encodeTensor(frame, schemas.schemaOf(frame.tensor), epoch)
      const size = totalBytes(parts)
      frames--
      bytes -= size
      bound = frame.seq + 1
      announced = bound
      connection.send(parts)
      return size
    },
    advance(next) {
      bound = Math.max(bound, next)
      if (advanceScheduled || bound <= announced) return
      advanceScheduled = true
      queueMicrotask(sendAdvance)
    },
    end() {
      sendAdvance()
      connection.send(encodeBare('end', epoch))
      connection.finish()
    },
    fail: (error) => connection.fail(error),
  }
}

function totalBytes(parts: MessageParts): number {
  let bytes = 0
  for (const part of parts) bytes += part.byteLength
  return bytes
}
