import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../errors/appError.ts'
import type { TensorLayout } from '../../tensor/tensorSpec.ts'
import { decodeRans } from './decodeRans.ts'
import { encodeRans } from './encodeRans.ts'
import { createRansTables, frequenciesOf, probabilityTotal, type RansTables } from './ransTables.ts'

const maxElements = 1 << 20

/** Any legal tables: classes, contexts and frequencies without sense are coded with as exactly as good ones. */
const anyTables: fc.Arbitrary<RansTables> = fc
  .record({
    levels: fc.oneof(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 2, max: 256 })),
    contexts: fc.integer({ min: 1, max: 16 }),
    seed: fc.integer({ min: 1, max: 0x7fff_ffff }),
    skew: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ levels, contexts, seed, skew }) => {
    const random = randomIntegers(seed)
    const classes = Math.min(levels, 16)
    const neighbourClasses = Array.from({ length: levels }, (_, level) => level % classes)
    return createRansTables({
      levels,
      zeroLevel: random(levels),
      neighbourClasses,
      contexts: Array.from({ length: classes * classes }, () => random(contexts)),
      frequencies: Array.from({ length: contexts }, () =>
        frequenciesOf(Array.from({ length: levels }, () => random(1000) ** skew)),
      ),
    })
  })

const anyShape = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 5 }),
  fc.tuple(
    fc.constant(1),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
  ),
)

const anyLayout = fc.constantFrom<TensorLayout | undefined>(undefined, 'NCHW', 'NHWC', 'HWC')

describe('encodeRans and decodeRans', () => {
  it('[C8] give back every symbol for any tables, shape, layout and symbols', () => {
    fc.assert(
      fc.property(anyTables, anyShape, anyLayout, fc.integer(), (tables, shape, layout, seed) => {
        const symbols = randomSymbols(shape, tables.levels, seed)
        const payload = encodeRans(symbols, shape, tables, layout)
        expect(decodeRans(payload, tables, { maxElements, expectedShape: shape }, layout)).toEqual({ shape, symbols })
      }),
      { numRuns: 1500 },
    )
  })

  it('[C9] refuse or survive 20,000 mutated payloads, and notice all that changed a symbol', () => {
    const tables = sampleTables()
    const shape = [1, 8, 9, 7]
    const symbols = randomSymbols(shape, 16, 5)
    const payload = encodeRans(symbols, shape, tables)
    const random = randomIntegers(77)
    let refused = 0
    for (let run = 0; run < 20_000; run++) {
      const mutated = mutate(payload, random)
      try {
        const decoded = decodeRans(mutated, tables, { maxElements, expectedShape: shape })
        expect(Buffer.compare(mutated, payload), `run ${run} was decoded to ${decoded.symbols.length} symbols`).toBe(0)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        expect(error.code).toBe('codec.payload-invalid')
        refused++
      }
    }
    expect(refused).toBeGreaterThan(19_000)
  })

  it('survive payloads of random bytes behind a true header', () => {
    const tables = sampleTables()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (tail) => {
        const payload = Uint8Array.of(0xc1, 2, 40, 25, ...tail)
        expect(() => decodeRans(payload, tables, { maxElements })).toThrow(AppError)
      }),
      { numRuns: 2000 },
    )
  })

  it('[C9] notice that other tables coded the payload', () => {
    const symbols = randomSymbols([1, 4, 8, 8], 16, 3)
    const payload = encodeRans(symbols, [1, 4, 8, 8], sampleTables())
    const other = sampleTables(2)
    expect(() => decodeRans(payload, other, { maxElements })).toThrow(/damaged on the way or were made with another/)
  })

  it('check the announced shape before they allocate', () => {
    const tables = sampleTables()
    const huge = Uint8Array.of(0xc1, 3, ...[1, 2, 3].flatMap(() => [0xff, 0xff, 0xff, 0x7f]), ...new Uint8Array(16))
    expect(() => decodeRans(huge, tables, { maxElements })).toThrow(/more than 1048576 elements/)
    const payload = encodeRans(new Uint8Array(6), [2, 3], tables)
    expect(() => decodeRans(payload, tables, { maxElements, expectedShape: [3, 2] })).toThrow(
      /\[2,3\], expected \[3,2\]/,
    )
    expect(decodeRans(payload, tables, { maxElements, expectedShape: [null, 3] }).shape).toEqual([2, 3])
  })

  it.each([
    ['nothing', []],
    ['another mark', [0xc2, 0]],
    ['a rank above 8', [0xc1, 9]],
    ['a dimension that is cut off', [0xc1, 1, 0x80]],
    ['a dimension longer than needed', [0xc1, 1, 0x80, 0x00]],
    ['a dimension above 2^28', [0xc1, 1, 0x80, 0x80, 0x80, 0x80, 1]],
    ['cut off states', [0xc1, 1, 1, 0, 0, 0x80, 0]],
    ['a state below 2^23', [0xc1, 1, 1, 0, 0, 0, 0, 0, 0, 0x80, 0]],
    ['a state above 2^31', [0xc1, 1, 1, 0, 0, 0, 0x80, 0, 0, 0x80, 0]],
  ])('[C6] refuse %s', (_what, bytes) => {
    expect(() => decodeRans(Uint8Array.from(bytes), sampleTables(), { maxElements })).toThrow(AppError)
  })

  it('[C8] write exactly these bytes: fifteen for an empty tensor of rank 4, of which ten stand for nothing', () => {
    const empty = encodeRans(new Uint8Array(0), [1, 0, 3, 300], sampleTables())
    expect([...empty]).toEqual([0xc1, 4, 1, 0, 3, 0xac, 2, 0, 0, 0x80, 0, 0, 0, 0x80, 0])
  })
})

describe('createRansTables', () => {
  const source = {
    levels: 2,
    zeroLevel: 0,
    neighbourClasses: [0, 1],
    contexts: [0, 0, 0, 0],
    frequencies: [[16_000, 384]],
  }

  it.each([
    ['[C7] a sum other than 2^14', { frequencies: [[16_000, 385]] }],
    ['[C7] a frequency of 0', { frequencies: [[16_384, 0]] }],
    ['[C7] a table of another length', { frequencies: [[16_384]] }],
    ['a context without table', { contexts: [0, 0, 0, 1] }],
    ['too few contexts', { contexts: [0, 0, 0] }],
    ['too few classes', { neighbourClasses: [0] }],
    ['a level of zero outside', { zeroLevel: 2 }],
    ['one level', { levels: 1 }],
  ])('refuses %s', (_what, wrong) => {
    expect(() => createRansTables({ ...source, ...wrong })).toThrow(AppError)
  })
})

describe('frequenciesOf', () => {
  it('[C7] gives every symbol at least 1 and sums to 2^14, whatever the weights', () => {
    const weights = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 256 })
    fc.assert(
      fc.property(weights, (given) => {
        const frequencies = frequenciesOf(given)
        expect(Math.min(...frequencies)).toBeGreaterThanOrEqual(1)
        expect(frequencies.reduce((sum, frequency) => sum + frequency, 0)).toBe(probabilityTotal)
      }),
    )
  })
})

function sampleTables(seed = 1): RansTables {
  const random = randomIntegers(seed)
  return createRansTables({
    levels: 16,
    zeroLevel: 7,
    neighbourClasses: Array.from({ length: 16 }, (_, level) => level),
    contexts: Array.from({ length: 256 }, () => random(16)),
    frequencies: Array.from({ length: 16 }, () => frequenciesOf(Array.from({ length: 16 }, () => random(1000) ** 3))),
  })
}

function randomSymbols(shape: readonly number[], levels: number, seed: number): Uint8Array {
  const random = randomIntegers(seed)
  const count = shape.reduce((product, dimension) => product * dimension, 1)
  return Uint8Array.from({ length: count }, () => random(levels))
}

/** Changed, removed, added or cut off bytes. */
function mutate(payload: Uint8Array, random: (limit: number) => number): Uint8Array {
  const bytes = [...payload]
  for (let change = random(3); change >= 0; change--) {
    const at = random(bytes.length)
    const kind = random(5)
    if (kind === 0) bytes[at] = random(256)
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
    else if (kind === 2) bytes.splice(at, 1 + random(4))
    else if (kind === 3) bytes.splice(at, 0, random(256))
    else bytes.length = at
  }
  return Uint8Array.from(bytes)
}

function randomIntegers(seed: number): (limit: number) => number {
  let state = seed | 0
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return Math.floor((state / 0x8000_0000) * limit)
  }
}
