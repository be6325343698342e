import type { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { isErrorCode } from '../errors/codes.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { findJsonFault } from '../graph/jsonFault.ts'
import {
  type ControlEvent,
  type ControlRequest,
  eventSchema,
  maxControlMessageBytes,
  maxHelloBytes,
  requestSchema,
  type WireError,
} from './controlMessage.ts'

/**
 * A message from a client. The first one of a connection (`isFirst`) may have at most 4096 bytes, later ones 4 MiB.
 * Fails with `wire.message-invalid`, which names the path of the field.
 */
export function parseRequest(text: string, options: { readonly isFirst?: boolean } = {}): Result<ControlRequest> {
  return parseMessage(text, requestSchema, options.isFirst === true ? maxHelloBytes : maxControlMessageBytes)
}

/** A message from a device, at most 4 MiB. Fails with `wire.message-invalid`, which names the path of the field. */
export function parseEvent(text: string): Result<ControlEvent> {
  return parseMessage(text, eventSchema, maxControlMessageBytes)
}

/** Fails, thrown, with `device.limit-exceeded` when the peer would refuse the text for its length. */
export function encodeControl(message: ControlRequest | ControlEvent): string {
  const text = JSON.stringify(message)
  if (!isLongerThan(text, maxControlMessageBytes)) return text
  throw new AppError(
    'device.limit-exceeded',
    `The message ${message.type} takes more than the ${maxControlMessageBytes} bytes of a control message. ` +
      'Use fewer nodes or a smaller folder of pictures.',
  )
}

/** What of an error crosses a socket: no cause, no stack, details only as far as they are plain JSON. */
export function toWireError(error: AppError): WireError {
  const message = error.message.slice(0, maxErrorText)
  const details = toPlainJson(error.details)
  return details === undefined ? { code: error.code, message } : { code: error.code, message, details }
}

/** A code of a newer version becomes `device.refused`; details then keep it as `code`. */
export function fromWireError({ code, message, details }: WireError): AppError {
  if (isErrorCode(code)) return new AppError(code, message, { details: details ?? {} })
  return new AppError('device.refused', message, { details: { ...details, code } })
}

const maxErrorText = 8192
const maxDetailsText = 4096

/** JSON that is nested no deeper than a document may be. Fails with `wire.message-invalid`. */
export function parseJson(text: string): Result<unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return failure(invalidMessage('is not JSON', 'W6', { cause }))
  }
  const fault = findJsonFault(value)
  if (fault === undefined) return success(value)
  return failure(invalidMessage(`has at ${formatPath(fault.path)}: ${fault.message}`, 'W3'))
}

function parseMessage<T>(text: string, schema: z.ZodType<T>, maxBytes: number): Result<T> {
  if (isLongerThan(text, maxBytes)) return failure(invalidMessage(`has more than ${maxBytes} bytes`, 'W2'))
  const json = parseJson(text)
  if (!json.ok) return json
  const parsed = schema.safeParse(json.value)
  if (parsed.success) return success(parsed.data)
  const issue = parsed.error.issues[0]
  const found = `has at ${formatPath(issue?.path ?? [])}: ${issue?.message ?? 'something unexpected'}`
  return failure(invalidMessage(found.slice(0, maxErrorText), 'W6'))
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'its top level' : path.slice(0, 16).map(String).join('.').slice(0, 512)
}

function isLongerThan(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so most messages need no counting.
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).byteLength > maxBytes
}

function invalidMessage(found: string, rule: string, options: { readonly cause?: unknown } = {}): AppError {
  const message = `A control message ${found} (rule ${rule}). Check that both sides run the same version.`
  return new AppError('wire.message-invalid', message, { details: { rule }, ...options })
}

function toPlainJson(details: AppError['details']): Record<string, unknown> | undefined {
  try {
    const text = JSON.stringify(details)
    if (text === '{}' || text.length > maxDetailsText) return undefined
    const value: Record<string, unknown> = JSON.parse(text)
    return findJsonFault(value) === undefined ? value : undefined
  } catch {
    return undefined // cyclic or with a bigint: the message says what matters
  }
}
