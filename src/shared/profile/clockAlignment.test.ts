import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClockExchange, estimateOffset } from './clockAlignment.ts'

const delay = fc.integer({ min: 0, max: 50_000_000 })

/** What two clocks `offset` apart note when a message takes `there`, the remote thinks for `thinks`, and it takes `back`. */
function exchange(startNs: number, offsetNs: number, there: number, thinks: number, back: number): ClockExchange {
  return {
    sentAtNs: startNs,
    remoteReceivedAtNs: startNs + there + offsetNs,
    remoteSentAtNs: startNs + there + thinks + offsetNs,
    receivedAtNs: startNs + there + thinks + back,
  }
}

describe('estimateOffset', () => {
  test('the true offset lies within the stated error, whatever the delays', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.array(fc.tuple(delay, delay, delay), { minLength: 1, maxLength: 8 }),
        (offsetNs, delays) => {
          const { offsetNs: found, errorNs } = estimateOffset(
            delays.map(([there, thinks, back], i) => exchange(i * 1e9, offsetNs, there, thinks, back)),
          )
          expect(Math.abs(found - offsetNs)).toBeLessThanOrEqual(errorNs + 1)
        },
      ),
    )
  })

  test('the exchange with the shortest round trip decides, not counting the time the remote thinks', () => {
    const slow = exchange(0, 7000, 900, 0, 100)
    const quick = exchange(5000, 7000, 50, 10_000, 50)
    expect(estimateOffset([slow, quick, slow])).toEqual({ offsetNs: 7000, errorNs: 50 })
  })
})
