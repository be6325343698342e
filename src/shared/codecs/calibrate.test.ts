import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { createTensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { type CalibrationOptions, calibrate } from './calibrate.ts'
import { createCalibratedCodec } from './calibratedCodec.ts'
import {
  type Calibration,
  calibrationFits,
  parseCalibration,
  summariseCalibration,
  writeCalibration,
} from './calibration.ts'

const spec: TensorSpec = { dtype: 'float32', shape: ['N', 2, 10, 10], layout: 'NCHW' }
const ramp = Float32Array.from({ length: 200 }, (_, index) => index - 40)
const rectified = ramp.map((value) => Math.max(0, value))

describe('calibrate', () => {
  it('clips both tails of signed values and only the upper tail of rectified ones', () => {
    const signed = made([ramp], { levels: 16, percentile: 90 })
    expect(signed.clip.min).toBeCloseTo(-21, 1)
    expect(signed.clip.max).toBeCloseTo(139, 0)
    expect(signed.zeroLevel).toBe(2)
    expect(made([rectified], { levels: 16 })).toMatchObject({ clip: { min: 0 }, zeroLevel: 0 })
  })

  it('clips nothing off a vector of scores or pooled features, where the largest value is the answer', () => {
    const scores = Float32Array.from({ length: 1001 }, (_, index) => Math.sin(index) + (index === 7 ? 20 : 0))
    for (const shape of [[1001], ['N', 1001], ['N', 1001, 1, 1]]) {
      const calibration = unwrap(calibrate([scores], { dtype: 'float32', shape }, { levels: 16 }))
      expect(calibration).toMatchObject({ percentile: 100 })
      expect(calibration.clip.max).toBeCloseTo(20.66, 1)
      const sampleShape = shape.map((dimension) => (dimension === 'N' ? 1 : Number(dimension)))
      const tensor = createTensor('float32', sampleShape, scores)
      const codec = createCalibratedCodec(calibration)
      const { data } = codec.decode(codec.encode(tensor))
      expect(data.indexOf(Math.max(...data))).toBe(7)
    }
    expect(made([ramp], { levels: 16 })).toMatchObject({ percentile: 99.9 })
  })

  it('spends no level on values that a following activation would cut off', () => {
    expect(made([ramp], { levels: 16, range: { min: 0, max: 60 } })).toMatchObject({
      clip: { min: 0, max: 60 },
      zeroLevel: 0,
    })
    expect(made([ramp], { levels: 16, range: { min: 5, max: Infinity } }).clip).toEqual({
      min: 0,
      max: made([ramp], { levels: 16 }).clip.max,
    })
  })

  it('reconstructs each level as the mean of its values', () => {
    const { reconstruction } = made([rectified], { levels: 2, percentile: 100 })
    // Level 1 holds 80 to 159: half of the clip and more.
    expect(reconstruction).toEqual([0, 119.5])
  })

  it('stays codable when samples are constant, empty of some levels, or not finite', () => {
    const samples = [new Float32Array(200), new Float32Array(200).fill(Number.NaN), new Float32Array(200).fill(-3)]
    for (const sample of samples) {
      const codec = createCalibratedCodec(made([sample], { levels: 16 }))
      const tensor = createTensor('float32', [1, 2, 10, 10], ramp)
      expect(codec.decode(codec.encode(tensor)).data).toHaveLength(200)
    }
  })

  it('makes a calibration that can be written and read again, whatever the samples', () => {
    const anySamples = fc.array(fc.float32Array({ minLength: 200, maxLength: 200 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(anySamples, fc.integer({ min: 2, max: 256 }), (samples, levels) => {
        const calibration = made(samples, { levels })
        expect(unwrap(parseCalibration(writeCalibration(calibration)))).toEqual(calibration)
        const codec = createCalibratedCodec(calibration)
        const tensor = createTensor('float32', [1, 2, 10, 10], samples[0] ?? ramp)
        const once = codec.decode(codec.encode(tensor))
        expect(once.shape).toEqual([1, 2, 10, 10])
      }),
      { numRuns: 60 },
    )
  })

  it('codes a batch under the calibration of one', () => {
    const codec = createCalibratedCodec(made([ramp], { levels: 16 }))
    const batch = createTensor('float32', [3, 2, 10, 10], Float32Array.of(...ramp, ...rectified, ...ramp))
    expect(codec.decode(codec.encode(batch)).shape).toEqual([3, 2, 10, 10])
  })

  it('learns contexts that make a smooth signal shorter than its own entropy without neighbours', () => {
    const smooth = Float32Array.from({ length: 4096 }, (_, index) => ((index >> 8) % 16) - 8)
    const calibration = unwrap(calibrate([smooth], { dtype: 'float32', shape: [1, 1, 64, 64] }, { levels: 16 }))
    const payload = createCalibratedCodec(calibration).encode(createTensor('float32', [1, 1, 64, 64], smooth))
    // 16 levels, equally frequent: 2048 bytes without contexts.
    expect(payload.byteLength).toBeLessThan(250)
  })

  it.each([
    ['another dtype', { ...spec, dtype: 'uint8' }, 'tensor.dtype-mismatch'],
    ['an unknown dimension', { ...spec, shape: [1, 2, null, 10] }, 'tensor.shape-mismatch'],
    ['samples of another size', { ...spec, shape: [1, 2, 10, 11] }, 'tensor.shape-mismatch'],
  ] as const)('refuses %s', (_what, wrong, code) => {
    expect(calibrate([ramp], wrong, { levels: 16 })).toMatchObject({ ok: false, error: { code } })
  })

  it('refuses levels and percentiles out of range', () => {
    for (const options of [{ levels: 1 }, { levels: 257 }, { levels: 16, percentile: 50 }]) {
      expect(calibrate([ramp], spec, options)).toMatchObject({ ok: false, error: { code: 'codec.table-invalid' } })
    }
  })
})

describe('parseCalibration', () => {
  const calibration = made([ramp], { levels: 4 })

  it.each([
    ['no JSON', '{'],
    ['another format', JSON.stringify({ ...calibration, format: 'x' })],
    ['a newer version', JSON.stringify({ ...calibration, version: 2 })],
    ['a foreign field', JSON.stringify({ ...calibration, more: 1 })],
    ['values that do not rise', JSON.stringify({ ...calibration, reconstruction: [0, 1, 2, 2] })],
    ['a level of zero that is not 0', JSON.stringify({ ...calibration, reconstruction: [1, 2, 3, 4] })],
    ['a scale that is no float32', JSON.stringify({ ...calibration, scale: 0.1 })],
  ])('refuses %s', (_what, text) => {
    expect(parseCalibration(text)).toMatchObject({ ok: false, error: { code: 'codec.table-invalid' } })
  })
})

describe('calibrationFits', () => {
  const { tensor } = summariseCalibration(made([ramp], { levels: 4 }), 'hash')

  it('takes any batch and unknown dimensions, and nothing that differs', () => {
    const fits = (shape: TensorSpec['shape']) => calibrationFits(tensor, { dtype: 'float32', shape })
    expect(
      [
        [8, 2, 10, 10],
        ['N', 2, null, 'W'],
      ].map(fits),
    ).toEqual([true, true])
    expect(
      [
        [1, 3, 10, 10],
        [2, 10, 10],
        [1, 2, 10, 9],
      ].map(fits),
    ).toEqual([false, false, false])
    expect(calibrationFits(tensor, { ...spec, dtype: 'float16' })).toBe(false)
  })
})

function made(samples: readonly Float32Array[], options: CalibrationOptions): Calibration {
  return unwrap(calibrate(samples, spec, options))
}
