import { expect, test } from 'vitest'
import { percentile } from './percentile.ts'

test('a percentile is the nearest rank of the values in any order', () => {
  const values = [50, 10, 40, 20, 30]
  expect([0, 0.2, 0.5, 0.95, 1].map((fraction) => percentile(values, fraction))).toEqual([10, 10, 30, 50, 50])
})

test('the percentile of nothing is NaN', () => {
  expect(percentile([], 0.5)).toBeNaN()
})
