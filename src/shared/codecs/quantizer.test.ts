import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dequantize, type Quantizer, quantize, quantizerGridOf } from './quantizer.ts'

const signed: Quantizer = {
  levels: 5,
  scale: 2,
  zeroLevel: 2,
  reconstruction: Float32Array.of(-1, -0.5, 0, 0.5, 1),
}

describe('quantize', () => {
  it('[C1] rounds halves upwards and clamps to the levels', () => {
    const values = Float32Array.of(-9, -0.75, -0.25, 0, 0.2, 0.25, 0.74, 0.75, 9)
    expect([...quantize(values, signed)]).toEqual([0, 1, 2, 2, 2, 3, 3, 4, 4])
  })

  it('[C1] rounds product and sum to float32: the largest float below a half becomes level 1', () => {
    const grid = { ...signed, scale: 1, zeroLevel: 0 }
    expect([...quantize(Float32Array.of(0.49999997, 0.4999999), grid)]).toEqual([1, 0])
  })

  it('[C1] reads NaN as zero and infinities as the end levels', () => {
    expect([...quantize(Float32Array.of(Number.NaN, -Infinity, Infinity), signed)]).toEqual([2, 0, 4])
  })

  it('[C3] gives zero its own level on every grid, and gives it back as zero', () => {
    const clips = fc.record({
      min: fc.float({ min: -1e6, max: 0, noNaN: true }),
      max: fc.float({ min: 0, max: 1e6, noNaN: true }),
      levels: fc.integer({ min: 2, max: 256 }),
    })
    fc.assert(
      fc.property(clips, ({ min, max, levels }) => {
        const grid = quantizerGridOf({ min, max }, levels)
        const reconstruction = Float32Array.from(
          { length: levels },
          (_, level) => (level - grid.zeroLevel) / grid.scale,
        )
        const symbols = quantize(Float32Array.of(0, -0), { ...grid, reconstruction })
        expect([...symbols]).toEqual([grid.zeroLevel, grid.zeroLevel])
        expect([...dequantize(symbols, { ...grid, reconstruction })]).toEqual([0, 0])
      }),
    )
  })

  it('changes no value inside the clip by more than about half a step', () => {
    const grid = quantizerGridOf({ min: -3, max: 5 }, 33)
    const reconstruction = Float32Array.from({ length: 33 }, (_, level) => (level - grid.zeroLevel) / grid.scale)
    const values = Float32Array.from({ length: 801 }, (_, index) => -3 + index / 100)
    const back = dequantize(quantize(values, { ...grid, reconstruction }), { ...grid, reconstruction })
    const worst = Math.max(...values.map((value, index) => Math.abs(value - (back[index] ?? 0))))
    expect(worst).toBeLessThanOrEqual(0.5 / grid.scale + 1e-6)
  })
})
