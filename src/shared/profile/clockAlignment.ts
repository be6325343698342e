import { BugError } from '../errors/bugError.ts'

/** One question and answer between two clocks: sent and received by ours, received and answered by the remote one. */
export interface ClockExchange {
  readonly sentAtNs: number
  readonly remoteReceivedAtNs: number
  readonly remoteSentAtNs: number
  readonly receivedAtNs: number
}

export interface ClockOffset {
  /** Remote time minus our time, in ns. */
  readonly offsetNs: number
  /** The true offset lies within offsetNs +- errorNs, however unequal the ways there and back. */
  readonly errorNs: number
}

/**
 * Offset of a remote clock from four-timestamp exchanges (RFC 5905, section 8). Of several exchanges the one with the
 * shortest round trip counts, because half of its round trip bounds the error. Clocks drift apart by some ppm: align
 * again for runs of many minutes.
 */
export function estimateOffset(exchanges: readonly ClockExchange[]): ClockOffset {
  let best: ClockOffset | undefined
  for (const exchange of exchanges) {
    const offset = offsetOf(exchange)
    if (best === undefined || offset.errorNs < best.errorNs) best = offset
  }
  if (best === undefined) throw new BugError('A clock offset needs at least one exchange.')
  return best
}

function offsetOf({ sentAtNs, remoteReceivedAtNs, remoteSentAtNs, receivedAtNs }: ClockExchange): ClockOffset {
  const roundTripNs = receivedAtNs - sentAtNs - (remoteSentAtNs - remoteReceivedAtNs)
  return {
    offsetNs: (remoteReceivedAtNs - sentAtNs + (remoteSentAtNs - receivedAtNs)) / 2,
    errorNs: Math.max(0, roundTripNs) / 2,
  }
}
