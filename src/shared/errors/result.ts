import type { AppError } from './appError.ts'

/** Outcome of something that may fail for a reason outside the program: a user, a file, the network, a model. */
export type Result<T, E = AppError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function failure<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}

/** The value, or throws the error: for callers that are themselves inside a function that throws AppErrors. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw result.error
}
