import type { Clock } from './nodeContext.ts'

/** Resolves when the clock has reached `atNs`, or at once when the signal aborts: callers look at the signal after it. */
export function delayUntil(clock: Clock, atNs: number, signal: AbortSignal): Promise<void> {
  const delayMs = (atNs - clock.nowNs()) / 1e6
  if (delayMs <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = () => {
      signal.removeEventListener('abort', finish)
      cancel()
      resolve()
    }
    const cancel = clock.schedule(delayMs, finish)
    signal.addEventListener('abort', finish, { once: true })
  })
}
