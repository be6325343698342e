import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../errors/appError.ts'
import { createTensor } from '../tensor/tensor.ts'
import { tileFeatures, untileFeatures } from './featureTiles.ts'
import { decodeTilePayload, encodeTilePayload } from './tilePayload.ts'

describe('tileFeatures', () => {
  it('[C10] lays channels out in rows of ceil(sqrt(C)), dark where there is none', () => {
    const features = createTensor('float32', [1, 3, 1, 2], Float32Array.of(0, 51, 102, 153, 204, 255))
    const { image, range } = tileFeatures(features)
    expect(range).toEqual({ min: 0, max: 255 })
    expect(image).toEqual(createTensor('uint8', [2, 4, 1], Uint8Array.of(0, 51, 102, 153, 204, 255, 0, 0)))
  })

  it('[C10] is undone within half a step for any shape', () => {
    const dimension = fc.integer({ min: 1, max: 7 })
    fc.assert(
      fc.property(dimension, dimension, dimension, fc.integer(), (channels, height, width, seed) => {
        const shape = [1, channels, height, width]
        const values = Float32Array.from({ length: channels * height * width }, (_, i) => ((i * 37 + seed) % 101) / 10)
        const tiles = tileFeatures(createTensor('float32', shape, values))
        const back = untileFeatures(tiles, shape)
        const halfStep = (tiles.range.max - tiles.range.min) / 510 + 1e-4
        for (const [index, value] of values.entries()) {
          expect(Math.abs((back?.data[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(halfStep)
        }
      }),
    )
  })

  it('clamps to a given clip, and draws constants and NaN without dividing by nothing', () => {
    const values = Float32Array.of(-1, 0.5, 2, Number.NaN)
    expect([...tileFeatures(createTensor('float32', [1, 1, 2, 2], values), { min: 0, max: 1 }).image.data]).toEqual([
      0, 128, 255, 0,
    ])
    const constant = createTensor('float32', [1, 1, 1, 2], Float32Array.of(3, 3))
    expect(untileFeatures(tileFeatures(constant), [1, 1, 1, 2])).toEqual(constant)
  })

  it('says no to a picture that is not such a grid', () => {
    const { image, range } = tileFeatures(createTensor('float32', [1, 4, 2, 2], new Float32Array(16)))
    expect(untileFeatures({ image, range }, [1, 5, 2, 2])).toBeUndefined()
  })
})

describe('decodeTilePayload', () => {
  const header = { channels: 5, height: 3, width: 4, range: { min: -0.5, max: 1.25 } }

  it('[C10] gives back header and file', () => {
    expect(decodeTilePayload(encodeTilePayload(header, Uint8Array.of(1, 2)))).toEqual({
      header,
      file: Uint8Array.of(1, 2),
    })
  })

  it('[C10] leaves JPEG, PNG and WebP files alone', () => {
    for (const first of [0xff, 0x89, 0x52]) expect(decodeTilePayload(Uint8Array.of(first, 1, 2, 3))).toBeUndefined()
  })

  it('refuses a short header, another version and a range that is not finite', () => {
    const payload = encodeTilePayload({ ...header, range: { min: 0, max: Infinity } }, Uint8Array.of())
    const wrong = [Uint8Array.of(0xcf, 1, 0), payload, Uint8Array.of(0xcf, 2, ...new Uint8Array(14))]
    for (const bytes of wrong) expect(() => decodeTilePayload(bytes)).toThrow(AppError)
  })

  it('refuses to write more channels than the header can say', () => {
    expect(() => encodeTilePayload({ ...header, channels: 70_000 }, Uint8Array.of())).toThrow(/65535/)
  })
})
