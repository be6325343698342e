import { Observable } from 'rxjs'
import { AppError } from '../shared/errors/appError.ts'
import { assertNever } from '../shared/errors/bugError.ts'

/** A stream of results: an RxJS Observable that can also be iterated. Either way it is read once. */
export interface ResultStream<T> extends Observable<T>, AsyncIterable<T> {}

/**
 * An iterable as an Observable. The next value is asked for when the subscriber's `next` has returned, so a slow
 * synchronous subscriber slows the graph down; unsubscribing ends the iteration.
 */
export function toResultStream<T>(values: AsyncIterable<T>): ResultStream<T> {
  const observable = new Observable<T>((subscriber) => {
    const iterator = values[Symbol.asyncIterator]()
    const pull = async (): Promise<void> => {
      for (let next = await iterator.next(); !next.done && !subscriber.closed; next = await iterator.next()) {
        subscriber.next(next.value)
      }
      subscriber.complete()
    }
    pull().catch((error: unknown) => subscriber.error(error))
    return () => void iterator.return?.()
  })
  return Object.assign(observable, { [Symbol.asyncIterator]: () => values[Symbol.asyncIterator]() })
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
export async function* pullObservable<T>(values: Observable<T>, policy: ObservablePolicy): AsyncGenerator<T> {
  const capacity = capacityOf(policy)
  const waiting: T[] = []
  let outcome: { readonly error?: unknown } | undefined
  let wake: () => void = () => undefined
  const subscription = values.subscribe({
    next(value) {
      waiting.push(value)
      if (waiting.length > capacity) {
        if (policy.kind === 'error') {
          outcome ??= { error: overflow(capacity) }
          subscription?.unsubscribe()
        } else {
          waiting.shift()
        }
      }
      wake()
    },
    error(error: unknown) {
      outcome ??= { error }
      wake()
    },
    complete() {
      outcome ??= {}
      wake()
    },
  })
  try {
    for (;;) {
      const value = waiting.shift()
      if (value !== undefined) yield value
      else if (outcome === undefined) await new Promise<void>((resolve) => (wake = resolve))
      else if ('error' in outcome) throw outcome.error
      else return
    }
  } finally {
    subscription.unsubscribe()
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
