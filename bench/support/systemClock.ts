import type { Clock } from '../../src/shared/node-kinds/nodeContext.ts'

export const systemClock: Clock = {
  nowNs: () => Math.round(performance.now() * 1e6),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
