import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { calibrate } from '../src/shared/codecs/calibrate.ts'
import { createCalibratedCodec } from '../src/shared/codecs/calibratedCodec.ts'
import { type Calibration, quantizerOf, writeCalibration } from '../src/shared/codecs/calibration.ts'
import { tileFeatures } from '../src/shared/codecs/featureTiles.ts'
import { quantize } from '../src/shared/codecs/quantizer.ts'
import { encodeTilePayload } from '../src/shared/codecs/tilePayload.ts'
import { unwrap } from '../src/shared/errors/result.ts'
import { createTensor } from '../src/shared/tensor/tensor.ts'
import type { TensorLayout } from '../src/shared/tensor/tensorSpec.ts'

export const codecFixtureFolder = fileURLToPath(new URL('../src/shared/codecs/fixtures/', import.meta.url))

interface VectorPlan {
  readonly name: string
  readonly says: string
  readonly shape: readonly number[]
  readonly levels: number
  readonly layout?: TensorLayout
  readonly signed: boolean
  /** Values written over the first ones: what arithmetic stumbles over. */
  readonly first?: readonly number[]
}

const awkward = [Number.NaN, Infinity, -Infinity, -0, 1e-42, -1e-42, 3.4e38, -3.4e38, 0.5, -0.5, 0.49999997, 1.5, 2.5]

const plans: readonly VectorPlan[] = [
  { name: 'signed-16', says: 'linear features, 16 levels', shape: [1, 8, 9, 7], levels: 16, signed: true },
  { name: 'rectified-16', says: 'features after a ReLU, 16 levels', shape: [1, 16, 7, 7], levels: 16, signed: false },
  { name: 'two-levels', says: 'the fewest levels', shape: [1, 3, 11, 5], levels: 2, signed: false },
  {
    name: 'all-levels',
    says: 'the most levels, neighbours in classes',
    shape: [1, 6, 14, 14],
    levels: 256,
    signed: true,
  },
  {
    name: 'channels-last',
    says: 'left neighbour is C elements back',
    shape: [1, 6, 5, 4],
    levels: 16,
    layout: 'NHWC',
    signed: true,
  },
  { name: 'vector', says: 'one row, no upper neighbours', shape: [150], levels: 32, signed: true },
  { name: 'awkward', says: 'NaN, infinities, ties', shape: [1, 2, 5, 4], levels: 16, signed: true, first: awkward },
]

/** Every fixture by file name: JSON and little-endian binaries that other languages read (fixtures/README.md). */
export function makeCodecFixtures(): ReadonlyMap<string, Uint8Array> {
  return new Map([...plans.flatMap(makeVector), ...makeTiles()])
}

function makeVector(plan: VectorPlan): [string, Uint8Array][] {
  const { name, says, shape, levels, layout, signed, first = [] } = plan
  const count = shape.reduce((product, dimension) => product * dimension, 1)
  const samples = [1, 2, 3].map((seed) => smoothValues(count, seed, signed))
  const spec = { dtype: 'float32', shape, ...(layout && { layout }) } as const
  const calibration: Calibration = unwrap(calibrate(samples, spec, { levels }))
  const values = smoothValues(count, 4, signed)
  values.set(first)
  const codec = createCalibratedCodec(calibration)
  const payload = codec.encode(createTensor('float32', shape, values))
  return [
    [`${name}.json`, json({ name, says, shape })],
    [`${name}.calibration.json`, new TextEncoder().encode(writeCalibration(calibration))],
    [`${name}.values.bin`, bytesOf(values)],
    [`${name}.symbols.bin`, quantize(values, quantizerOf(calibration))],
    [`${name}.payload.bin`, payload],
    [`${name}.decoded.bin`, bytesOf(codec.decode(payload).data)],
  ]
}

function makeTiles(): [string, Uint8Array][] {
  const shape = [1, 5, 3, 4]
  const values = smoothValues(60, 9, true)
  const { image, range } = tileFeatures(createTensor('float32', shape, values))
  const header = encodeTilePayload({ channels: 5, height: 3, width: 4, range }, Uint8Array.of())
  return [
    ['tiles.json', json({ name: 'tiles', says: 'five channels in a grid of 3 x 2', shape, imageShape: image.shape })],
    ['tiles.values.bin', bytesOf(values)],
    ['tiles.image.bin', image.data],
    ['tiles.header.bin', header],
  ]
}

/** Made with + and * on integers only, hence the same everywhere: a random walk, clipped at 0 where it is rectified. */
function smoothValues(count: number, seed: number, signed: boolean): Float32Array {
  let random = seed * 7919
  let level = 0
  return Float32Array.from({ length: count }, () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff
    level = (level * 3 + ((random >> 12) % 4001) - 2000) / 4
    const value = level / 256
    return signed || value > 0 ? value : 0
  })
}

function json(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(codecFixtureFolder, { recursive: true })
  for (const [name, bytes] of makeCodecFixtures()) writeFileSync(join(codecFixtureFolder, name), bytes)
}
