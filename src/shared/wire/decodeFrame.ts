import type { AppError } from '../errors/appError.ts'
import { assertNever } from '../errors/bugError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { wireErrorSchema } from './controlMessage.ts'
import { tensorSpecSchema } from './deviceProgramSchema.ts'
import type { Frame, FrameOrigin } from './frame.ts'
import { decodeExtension, decodeUtf8 } from './frameExtension.ts'
import {
  creditPayloadBytes,
  type FrameHeader,
  frameHeaderBytes,
  getUint64,
  invalidFrame,
  maxSchemas,
  messageBytesOf,
  parseFrameHeader,
} from './frameHeader.ts'
import type { LinkSchema } from './linkSchema.ts'
import { fromWireError, parseJson } from './parseControl.ts'
import { decodePayload } from './tensorPayload.ts'

/** A message of a data connection. */
export type DataMessage = { readonly epoch: number } & (
  | { readonly type: 'hello'; readonly token: string }
  | { readonly type: 'welcome' }
  | { readonly type: 'end' }
  | { readonly type: 'ignored' }
  | { readonly type: 'schema'; readonly schemaId: number; readonly spec: TensorSpec }
  | { readonly type: 'tensor'; readonly frame: Frame }
  | { readonly type: 'advance'; readonly bound: number }
  | { readonly type: 'credit'; readonly frames: number; readonly bytes: number }
  | { readonly type: 'fail'; readonly error: AppError }
  | { readonly type: 'ping' | 'pong'; readonly token: number }
)

export interface DecodeOptions {
  /** Largest payload of a tensor. */
  readonly maxFrameBytes: number
  /** By id: what schema messages have announced so far. */
  readonly schemas: readonly LinkSchema[]
}

/**
 * Decodes one whole message. A tensor's data is a view of `message`, which therefore belongs to the receiver from here
 * on. Fails with `wire.frame-invalid` or `wire.frame-too-large`, naming the rule; never throws on any bytes.
 */
export function decodeFrame(message: Uint8Array<ArrayBuffer>, options: DecodeOptions): Result<DataMessage> {
  const parsed = parseFrameHeader(message, options.maxFrameBytes)
  if (!parsed.ok) return parsed
  const header = parsed.value
  if (messageBytesOf(header) !== message.byteLength) {
    return failure(invalidFrame('W13', `of ${message.byteLength} bytes says that it has ${messageBytesOf(header)}`))
  }
  const payload = message.subarray(frameHeaderBytes + header.extensionBytes)
  const { type, epoch, seq } = header
  switch (type) {
    case undefined:
      return success({ type: 'ignored', epoch })
    case 'tensor':
      return decodeTensor(header, message, payload, options.schemas)
    case 'welcome':
    case 'end':
      return success({ type, epoch })
    case 'ping':
    case 'pong':
      return success({ type, epoch, token: seq })
    case 'advance':
      return success({ type, epoch, bound: seq })
    case 'credit':
      return decodeCredit(header, payload)
    case 'hello': {
      const token = decodeUtf8(payload)
      if (token === undefined) return failure(invalidFrame('W24', 'of type hello has a token that is not UTF-8'))
      return success({ type, epoch, token })
    }
    case 'schema':
      return decodeSchema(header, payload)
    case 'fail': {
      const json = parseJson(decodeUtf8(payload) ?? '')
      const error = wireErrorSchema.safeParse(json.ok ? json.value : undefined)
      if (!error.success) return failure(invalidFrame('W20', 'of type fail carries no error'))
      return success({ type, epoch, error: fromWireError(error.data) })
    }
    default:
      return assertNever(type)
  }
}

function decodeTensor(
  header: FrameHeader,
  message: Uint8Array<ArrayBuffer>,
  payload: Uint8Array<ArrayBuffer>,
  schemas: readonly LinkSchema[],
): Result<DataMessage> {
  const { schemaId, epoch, seq, capturedAtNs, originDevice } = header
  const schema = schemas[schemaId]
  if (schema === undefined) return failure(invalidFrame('W15', `uses schema ${schemaId}, which was never announced`))
  const extension = decodeExtension(message.subarray(frameHeaderBytes, frameHeaderBytes + header.extensionBytes))
  if (!extension.ok) return extension
  const { dims, source, trail } = extension.value
  const shape: number[] = []
  let used = 0
  for (const dim of schema.dims) shape.push(dim === -1 ? (dims[used++] ?? -1) : dim)
  if (used !== dims.length) {
    return failure(invalidFrame('W15', `gives ${dims.length} dimensions where schema ${schemaId} leaves ${used} open`))
  }
  const tensor = decodePayload(schema.dtype, shape, payload)
  if (!tensor.ok) return tensor
  const origin: FrameOrigin =
    source === undefined
      ? { capturedAtNs, device: originDevice, trail }
      : { capturedAtNs, device: originDevice, source, trail }
  return success({ type: 'tensor', epoch, frame: { seq, origin, tensor: tensor.value } })
}

function decodeSchema({ schemaId, epoch }: FrameHeader, payload: Uint8Array): Result<DataMessage> {
  if (schemaId >= maxSchemas)
    return failure(invalidFrame('W15', `announces schema ${schemaId} of at most ${maxSchemas}`))
  const json = parseJson(decodeUtf8(payload) ?? '')
  if (!json.ok) return failure(invalidFrame('W15', `announces schema ${schemaId} in something that is not JSON`))
  const spec = tensorSpecSchema.safeParse(json.value)
  if (!spec.success) return failure(invalidFrame('W15', `announces schema ${schemaId}, which is no tensor spec`))
  return success({ type: 'schema', epoch, schemaId, spec: spec.data })
}

function decodeCredit({ epoch }: FrameHeader, payload: Uint8Array): Result<DataMessage> {
  if (payload.byteLength !== creditPayloadBytes) {
    return failure(invalidFrame('W18', `of type credit carries ${payload.byteLength} bytes instead of 16`))
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const bytes = getUint64(view, 8)
  if (view.getUint32(4, true) !== 0 || !Number.isSafeInteger(bytes)) {
    return failure(invalidFrame('W18', 'of type credit grants an impossible number of bytes'))
  }
  return success({ type: 'credit', epoch, frames: view.getUint32(0, true), bytes })
}
