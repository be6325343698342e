import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogHistogram } from './logHistogram.ts'
import { percentile } from './percentile.ts'

const value = fc.double({ min: 1, max: 1e11, noNaN: true })

function histogramOf(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram()
  for (const each of values) histogram.add(each)
  return histogram
}

describe('LogHistogram', () => {
  test('every percentile is within 2 % of the exact one', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, fraction) => {
          const exact = percentile(values, fraction)
          expect(Math.abs(histogramOf(values).percentile(fraction) - exact)).toBeLessThanOrEqual(0.02 * exact)
        },
      ),
    )
  })

  test('adding two histograms equals one histogram of all values', () => {
    fc.assert(
      fc.property(fc.array(value), fc.array(value), (a, b) => {
        const sum = histogramOf(a)
        sum.addAll(histogramOf(b))
        expect(sum.toDistribution()).toEqual(histogramOf([...a, ...b]).toDistribution())
      }),
    )
  })

  test('count and largest are exact, values below 1 are 0, and the unit multiplies', () => {
    const histogram = histogramOf([0, 0.5, 0.2, 2_000_000])
    const about2 = expect.closeTo(2, 1)
    expect(histogram.toDistribution(1e-6)).toEqual({ count: 4, p50: 0, p95: about2, p99: about2, max: 2 })
  })

  test('an empty and a cleared histogram are all zeros', () => {
    const histogram = histogramOf([5])
    histogram.clear()
    expect(histogram.toDistribution()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 })
    expect(histogram.percentile(0.5)).toBeNaN()
  })
})
