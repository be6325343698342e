import { AppError } from '../errors/appError.ts'
import { assertNever } from '../errors/bugError.ts'

/** An RxJS Observable, or anything that is subscribed to in the same way. */
export interface Subscribable<T> {
  subscribe(observer: {
    readonly next: (value: T) => void
    readonly error: (error: unknown) => void
    readonly complete: () => void
  }): { unsubscribe(): void }
}

/** Whether it can only be subscribed to; what can also be iterated is read by iterating. */
export function isSubscribable<T>(value: object | Subscribable<T>): value is Subscribable<T> {
  return 'subscribe' in value && typeof value.subscribe === 'function' && !(Symbol.asyncIterator in value)
}

/**
 * What happens to an Observable's values while the graph has no room for them; an Observable cannot be asked to wait.
 * - latest: the newest waits, older ones are dropped.
 * - drop-oldest: the newest `capacity` wait.
 * - error: up to `capacity` wait; one more breaks the stream with `device.limit-exceeded`.
 */
export type ObservablePolicy =
  | { readonly kind: 'latest' }
  | { readonly kind: 'drop-oldest'; readonly capacity: number }
  | { readonly kind: 'error'; readonly capacity: number }

/** An Observable as a source that a graph can pull from. Subscribes when iteration begins, unsubscribes when it ends. */
export function pullObservable<T>(values: Subscribable<T>, policy: ObservablePolicy): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(values, policy) }
}

function iterate<T>(values: Subscribable<T>, policy: ObservablePolicy): AsyncIterator<T> {
  const capacity = capacityOf(policy)
  const waiting: T[] = []
  /** Set once nothing more will be taken: by completion, failure, overflow, or the reader. */
  let outcome: { readonly error?: unknown } | undefined
  let wake: (() => void) | undefined
  let subscription: { unsubscribe(): void } | undefined

  function settle(result: { readonly error?: unknown }): void {
    outcome ??= result
    subscription?.unsubscribe()
    wake?.()
  }

  subscription = values.subscribe({
    next(value) {
      if (outcome !== undefined) return
      waiting.push(value)
      if (waiting.length > capacity) {
        if (policy.kind === 'error') settle({ error: overflow(capacity) })
        else waiting.shift()
      }
      wake?.()
    },
    error: (error) => settle({ error }),
    complete: () => settle({}),
  })
  // An observable that gave everything already while it was being subscribed to could not be unsubscribed from then.
  if (outcome !== undefined) subscription.unsubscribe()

  return {
    async next() {
      for (;;) {
        const value = waiting.shift()
        if (value !== undefined) return { done: false, value }
        if (outcome !== undefined) {
          if ('error' in outcome) throw outcome.error
          return { done: true, value: undefined }
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async return() {
      waiting.length = 0
      settle({})
      return { done: true, value: undefined }
    },
  }
}

function capacityOf(policy: ObservablePolicy): number {
  switch (policy.kind) {
    case 'latest':
      return 1
    case 'drop-oldest':
    case 'error':
      return policy.capacity
    default:
      return assertNever(policy)
  }
}

function overflow(capacity: number): AppError {
  const message =
    `The observable gave more than ${capacity} frames that the graph had no room for. ` +
    `Let it drop some (pullObservable with latest or drop-oldest), or give frames as an iterable, which waits.`
  return new AppError('device.limit-exceeded', message)
}
