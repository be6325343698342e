import { estimateOffset } from '../../shared/profile/clockAlignment.ts'
import type { ControlClient } from './controlClient.ts'

/** How a device's clock stands to ours. */
export interface DeviceClock {
  /** Device time minus our time, in ns. */
  readonly offsetNs: number
  /** The true offset lies within this much of offsetNs. */
  readonly errorNs: number
}

const exchanges = 8

/** Monotonic ns of this computer: on one machine the same for every process. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

/** Four-timestamp exchanges over the control connection; the quickest round trip decides. */
export async function alignClock(control: ControlClient): Promise<DeviceClock> {
  const samples = []
  for (let i = 0; i < exchanges; i++) {
    const sentAtNs = nowNs()
    const reply = await control.request('clock', {})
    samples.push({
      sentAtNs,
      remoteReceivedAtNs: reply.receivedAtNs,
      remoteSentAtNs: reply.sentAtNs,
      receivedAtNs: nowNs(),
    })
  }
  return estimateOffset(samples)
}
