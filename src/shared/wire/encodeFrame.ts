import type { AppError } from '../errors/appError.ts'
import { BugError } from '../errors/bugError.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { Frame } from './frame.ts'
import { encodeSource, extensionBytesOf, writeExtension } from './frameExtension.ts'
import { createFrameHeader, creditPayloadBytes, type FrameType, frameHeaderBytes, setUint64 } from './frameHeader.ts'
import type { LinkSchema } from './linkSchema.ts'
import { toWireError } from './parseControl.ts'
import { encodePayload } from './tensorPayload.ts'

/** The parts of one message, in order; the first is header and extension, the second, where there is one, the payload. */
export type MessageParts = readonly Uint8Array[]

/** The payload part is a view of the tensor's own buffer. */
export function encodeTensor(frame: Frame, schema: LinkSchema, epoch: number): MessageParts {
  const { origin, tensor, seq } = frame
  if (!Number.isSafeInteger(seq) || seq < 0) throw new BugError(`Frame number ${seq} cannot be sent`)
  const payload = encodePayload(tensor)
  const source = encodeSource(origin.source)
  let openDims = 0
  for (const dim of schema.dims) if (dim === -1) openDims++
  const extensionBytes = extensionBytesOf(openDims, source, origin.trail)
  const head = createFrameHeader('tensor', {
    epoch,
    schemaId: schema.id,
    extensionBytes,
    seq,
    capturedAtNs: origin.capturedAtNs,
    payloadBytes: payload.byteLength,
    originDevice: origin.device,
  })
  if (extensionBytes > 0) writeExtension(head, frameHeaderBytes, tensor.shape, schema.dims, source, origin.trail)
  return payload.byteLength === 0 ? [head] : [head, payload]
}

/** `token` comes from the listening side; the first message of a connection. */
export function encodeHello(token: string, epoch: number): MessageParts {
  return withPayload('hello', epoch, new TextEncoder().encode(token))
}

export function encodeSchema(schemaId: number, spec: TensorSpec, epoch: number): MessageParts {
  return withPayload('schema', epoch, new TextEncoder().encode(JSON.stringify(spec)), schemaId)
}

export function encodeFail(error: AppError, epoch: number): MessageParts {
  const text = JSON.stringify(toWireError(error))
  return withPayload('fail', epoch, new TextEncoder().encode(text))
}

/** `bytes` may be 0 or more; both add to what was granted before. */
export function encodeCredit(frames: number, bytes: number, epoch: number): MessageParts {
  const payload = new Uint8Array(creditPayloadBytes)
  const view = new DataView(payload.buffer)
  view.setUint32(0, frames, true)
  setUint64(view, 8, bytes)
  return withPayload('credit', epoch, payload)
}

/** The types that are only a header; `seq` is the bound of an advance and the token of a ping or pong. */
export function encodeBare(
  type: Extract<FrameType, 'welcome' | 'advance' | 'end' | 'ping' | 'pong'>,
  epoch: number,
  seq = 0,
): MessageParts {
  return [createFrameHeader(type, { epoch, seq })]
}

function withPayload(type: FrameType, epoch: number, payload: Uint8Array, schemaId = 0): MessageParts {
  return [createFrameHeader(type, { epoch, schemaId, payloadBytes: payload.byteLength }), payload]
}
