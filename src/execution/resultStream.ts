import { Observable } from 'rxjs'

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
