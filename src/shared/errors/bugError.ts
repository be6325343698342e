/** A mistake in this program, never in its input. One top-level handler reports it; nothing catches it on the way. */
export class BugError extends Error {
  override readonly name = 'BugError'
}

/** Closes a switch over a union: compiles only while every variant is handled. */
export function assertNever(value: never): never {
  throw new BugError(`Unhandled variant: ${JSON.stringify(value)}`)
}
