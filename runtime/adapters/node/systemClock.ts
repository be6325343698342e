import type { Clock } from '../../../src/shared/node-kinds/nodeContext.ts'

/** Node's monotonic clock. Its zero is arbitrary; nanoseconds stay exact in a number for 104 days of uptime. */
export const systemClock: Clock = {
  nowNs: () => Number(process.hrtime.bigint()),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
