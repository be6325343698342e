import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../shared/node-kinds/nodeContext.ts'

/** One-use tokens, each standing for a value. Only their hashes are kept. */
export interface TokenRegistry<T> {
  /** 32 random bytes as 43 characters of base64url, good for one use within 60 s. */
  issue(value: T): string
  /** The value, the first time; afterwards, and for anything else, undefined. */
  redeem(token: string): T | undefined
  revoke(token: string): void
  /** Forgets all of them. */
  clear(): void
}

const lifetimeMs = 60_000

export function createTokenRegistry<T>(clock: Clock): TokenRegistry<T> {
  const entries = new Set<{ readonly hash: Buffer; readonly value: T; readonly cancelExpiry: () => void }>()

  function take(token: string): T | undefined {
    const wanted = hashOf(token)
    let found: T | undefined
    // All are compared, each in constant time, so that time tells nothing about the tokens that exist.
    for (const entry of entries) {
      if (!timingSafeEqual(entry.hash, wanted)) continue
      entries.delete(entry)
      entry.cancelExpiry()
      found = entry.value
    }
    return found
  }

  return {
    issue(value) {
      const token = randomBytes(32).toString('base64url')
      const entry = {
        hash: hashOf(token),
        value,
        cancelExpiry: clock.schedule(lifetimeMs, () => void entries.delete(entry)),
      }
      entries.add(entry)
      return token
    },
    redeem: take,
    revoke: (token) => void take(token),
    clear() {
      for (const { cancelExpiry } of entries) cancelExpiry()
      entries.clear()
    },
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
