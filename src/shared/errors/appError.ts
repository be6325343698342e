import type { ErrorCode } from './codes.ts'

/** JSON that tells more about an error: paths, expected and found values. Never secrets, never file contents. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * A failure whose cause lies outside the program. `message` says subject, expected, found and next step in words a
 * user can act on; `code` (docs/errors.md) is stable and crosses sockets and processes unchanged.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** `error` if it is an AppError already, else an AppError of `code` whose message adds what happened. */
export function toAppError(error: unknown, code: ErrorCode, context: string): AppError {
  if (error instanceof AppError) return error
  return new AppError(code, `${context}: ${messageOf(error)}`, { cause: error })
}

/** What an unknown error says of itself, for the middle of a message of our own. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
