import { Observable, type Subscription } from 'rxjs'
import { AppError, toAppError } from '../../src/shared/errors/appError.ts'
import { assertNever } from '../../src/shared/errors/bugError.ts'
import type { Frame } from '../../src/shared/wire/frame.ts'
import type { LinkSender } from '../../src/shared/wire/link.ts'
import { type FedFrame, type FeedOptions, type OpenReceiver, type OpenSender, toFrame } from './iterableAdapter.ts'

/**
 * The frames of a stream as an Observable. A frame counts as consumed when the subscriber's `next` has returned, so
 * a slow synchronous subscriber slows the stream down; what it puts off, it must bound itself. Errors are AppErrors.
 * To be subscribed once; unsubscribing cancels the stream.
 */
export function observeFrames(open: OpenReceiver, window = 2): Observable<Frame> {
  return new Observable((subscriber) => {
    let over = false
    const receiver = open({
      onFrame(frame) {
        subscriber.next(frame)
        if (!over) receiver.grant(1)
      },
      onAdvance: () => undefined,
      onEnd() {
        over = true
        subscriber.complete()
      },
      onFailure(error) {
        over = true
        subscriber.error(error)
      },
    })
    receiver.grant(window)
    return () => {
      if (over) return
      over = true
      receiver.cancel()
    }
  })
}

/**
 * What happens to an Observable's frames while the stream has no room; an Observable cannot be asked to wait.
 * - latest: the newest waits, older ones are dropped.
 * - drop-oldest: the newest `capacity` wait.
 * - error: up to `capacity` wait, one more breaks the stream with `device.limit-exceeded`.
 */
export type ObservablePolicy =
  | { readonly kind: 'latest' }
  | { readonly kind: 'drop-oldest'; readonly capacity: number }
  | { readonly kind: 'error'; readonly capacity: number }

/**
 * Feeds a stream from an Observable; frames are numbered as they come, and a dropped one leaves a gap. Resolves when the
 * Observable has completed and everything that waited was sent; rejects with the AppError of whichever broke. The
 * subscription always ends.
 */
export function feedObservable(
  frames: Observable<FedFrame>,
  open: OpenSender,
  policy: ObservablePolicy,
  options: FeedOptions,
): Promise<void> {
  const capacity = capacityOf(policy)
  return new Promise((resolve, reject) => {
    const waiting: Frame[] = []
    let seq = 0
    let completed = false
    let over = false
    let subscription: Subscription | undefined
    // Credit may come while the link opens.
    let sender: LinkSender | undefined

    function fail(error: AppError, tellPeer: boolean): void {
      if (over) return
      over = true
      subscription?.unsubscribe()
      if (tellPeer) sender?.fail(error)
      reject(error)
    }

    function flush(): void {
      while (!over && sender?.canSend()) {
        const frame = waiting.shift()
        if (frame === undefined) break
        sender.send(frame)
      }
      if (over || !completed || waiting.length > 0) return
      over = true
      sender?.end()
      resolve()
    }

    function add(fed: FedFrame): void {
      if (over) return
      waiting.push(toFrame(fed, seq++, options))
      flush()
      if (waiting.length <= capacity) return
      if (policy.kind === 'error') fail(overflow(capacity), true)
      else waiting.shift()
    }

    sender = open({ onCredit: () => flush(), onFailure: (error) => fail(error, false) })
    subscription = frames.subscribe({
      next: add,
      error: (error: unknown) => fail(toAppError(error, 'node.failed', 'The observable that was fed failed'), true),
      complete() {
        completed = true
        flush()
      },
    })
    if (over) subscription.unsubscribe()
  })
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
  return new AppError(
    'device.limit-exceeded',
    `An observable brought more frames than the graph takes and ${capacity} can wait. Choose a policy that drops.`,
  )
}
