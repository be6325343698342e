import { createDeferred, type Deferred } from '../node/deferred.ts'

/** One output on its way from the run to whoever iterates it: a rendezvous, so that a slow reader slows the graph. */
export interface OutputChannel<T> extends AsyncIterable<T> {
  /** Resolves when the reader has taken the value, or when there will be no reader any more. */
  push(value: T): Promise<void>
  end(): void
  fail(error: unknown): void
}

/** `onAbandoned` is called when the reader stops before the end: nothing more will be read. */
export function createOutputChannel<T>(onAbandoned: () => void): OutputChannel<T> {
  const waitingValues: { readonly value: T; readonly taken: Deferred<void> }[] = []
  const waitingReaders: Deferred<IteratorResult<T>>[] = []
  let outcome: { readonly error?: unknown } | undefined
  let abandoned = false

  function finish(result: { readonly error?: unknown }): void {
    outcome ??= result
    for (const reader of waitingReaders.splice(0)) settle(reader)
  }

  function settle(reader: Deferred<IteratorResult<T>>): void {
    if (outcome !== undefined && 'error' in outcome) reader.reject(outcome.error)
    else reader.resolve({ done: true, value: undefined })
  }

  return {
    push(value) {
      if (abandoned || outcome !== undefined) return Promise.resolve()
      const reader = waitingReaders.shift()
      if (reader !== undefined) {
        reader.resolve({ done: false, value })
        return Promise.resolve()
      }
      const taken = createDeferred<void>()
      waitingValues.push({ value, taken })
      return taken.promise
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    [Symbol.asyncIterator]: () => ({
      next() {
        const waiting = waitingValues.shift()
        if (waiting !== undefined) {
          waiting.taken.resolve()
          return Promise.resolve({ done: false, value: waiting.value })
        }
        const reader = createDeferred<IteratorResult<T>>()
        if (outcome !== undefined || abandoned) settle(reader)
        else waitingReaders.push(reader)
        return reader.promise
      },
      return() {
        if (!abandoned) {
          abandoned = true
          for (const { taken } of waitingValues.splice(0)) taken.resolve()
          onAbandoned()
        }
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}
