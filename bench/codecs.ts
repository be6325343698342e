import { existsSync } from 'node:fs'
import { constants as zlibConstants, zstdCompressSync } from 'node:zlib'
import { calibrate } from '../src/shared/codecs/calibrate.ts'
import { type CalibratedCodec, createCalibratedCodec } from '../src/shared/codecs/calibratedCodec.ts'
import { quantizerOf } from '../src/shared/codecs/calibration.ts'
import { type Quantizer, quantize } from '../src/shared/codecs/quantizer.ts'
import { unwrap } from '../src/shared/errors/result.ts'
import { percentile } from '../src/shared/profile/percentile.ts'
import type { Tensor } from '../src/shared/tensor/tensor.ts'
import { type BenchRow, judged } from './benchRow.ts'
import { type CutNetwork, openCutNetwork, sharedFolder, valPhotos } from './support/cutNetwork.ts'

const levels = 16
const calibrationPhotos = 60
const codedPhotos = 60
const timedRounds = 15

/** Cuts with the share of zstd-3's bytes that must be saved, in percent. */
const networks = [
  {
    model: 'mobilenet_v2',
    preset: 'imagenet-tf',
    cuts: { 'block6/add': 13, 'block10/add': 16, 'block13/add': 12, features: 34 },
  },
  {
    model: 'resnet50',
    preset: 'imagenet-caffe',
    cuts: { activation_9: 25, activation_21: 29, activation_39: 35, activation_48: 41 },
  },
] as const

/** Cuts whose speed is reported: a signed one and a rectified one of about 200,000 elements. */
const timedCuts: readonly string[] = ['block13/add', 'activation_39']

/**
 * Sizes of real features against zstd level 3 of the same symbols, tables from other photos, and the speed of coder
 * and decoder. Empty with a note where the photos are not there.
 */
export async function benchCodecs(): Promise<readonly BenchRow[]> {
  if (!existsSync(sharedFolder)) {
    return [
      { name: 'codecs', value: 0, unit: '', note: `left out: ${sharedFolder} with models and photos is not there` },
    ]
  }
  const photos = await valPhotos()
  const sizes: BenchRow[] = []
  const speeds: BenchRow[] = []
  for (const { model, preset, cuts } of networks) {
    const network = await openCutNetwork(model, preset, Object.keys(cuts))
    const coders = await calibrateCuts(network, photos.slice(0, calibrationPhotos))
    const coded = photos.slice(calibrationPhotos, calibrationPhotos + codedPhotos)
    const features = await codeCuts(network, coders, coded)
    for (const [cut, saved] of Object.entries(cuts)) {
      const coder = take(coders, cut)
      const [ours, theirs] = [coder.payloadBytes / codedPhotos, coder.zstdBytes / codedPhotos]
      const note = `${Math.round(ours)} bytes a frame, zstd-3 ${Math.round(theirs)}`
      sizes.push(judged(`${model} ${cut}: smaller than zstd-3 by`, (1 - ours / theirs) * 100, '%', `>= ${saved}`, note))
    }
    for (const cut of timedCuts) {
      const tensors = features.get(cut)
      if (tensors !== undefined) speeds.push(...timeCodec(`${model} ${cut}`, take(coders, cut).codec, tensors))
    }
  }
  return [...speeds, ...sizes]
}

interface CutCoder {
  readonly codec: CalibratedCodec
  readonly quantizer: Quantizer
  payloadBytes: number
  zstdBytes: number
}

async function calibrateCuts(network: CutNetwork, photos: readonly string[]): Promise<ReadonlyMap<string, CutCoder>> {
  const samples = new Map<string, Tensor<'float32'>[]>()
  for (const photo of photos) {
    for (const [cut, tensor] of await network.run(photo)) samples.set(cut, [...(samples.get(cut) ?? []), tensor])
  }
  const coders = new Map<string, CutCoder>()
  for (const [cut, tensors] of samples) {
    const shape = tensors[0]?.shape ?? []
    const calibration = unwrap(
      calibrate(
        tensors.map(({ data }) => data),
        { dtype: 'float32', shape },
        { levels },
      ),
    )
    const codec = createCalibratedCodec(calibration)
    coders.set(cut, { codec, quantizer: quantizerOf(calibration), payloadBytes: 0, zstdBytes: 0 })
  }
  return coders
}

/** Codes every photo at every cut, checks that decoding gives the symbols back; keeps some tensors for timing. */
async function codeCuts(
  network: CutNetwork,
  coders: ReadonlyMap<string, CutCoder>,
  photos: readonly string[],
): Promise<ReadonlyMap<string, Tensor<'float32'>[]>> {
  const kept = new Map<string, Tensor<'float32'>[]>()
  for (const [index, photo] of photos.entries()) {
    for (const [cut, tensor] of await network.run(photo)) {
      const coder = take(coders, cut)
      const payload = coder.codec.encode(tensor)
      const symbols = quantize(tensor.data, coder.quantizer)
      const decoded = quantize(coder.codec.decode(payload).data, coder.quantizer)
      if (Buffer.compare(symbols, decoded) !== 0) throw new Error(`${photo} is not decoded to what was coded at ${cut}`)
      coder.payloadBytes += payload.byteLength
      coder.zstdBytes += zstdCompressSync(symbols, {
        params: { [zlibConstants.ZSTD_c_compressionLevel]: 3 },
      }).byteLength
      if (timedCuts.includes(cut) && index < 20) kept.set(cut, [...(kept.get(cut) ?? []), tensor])
    }
  }
  return kept
}

/** Encoder and decoder take turns, so that what else the machine does falls on both. */
function timeCodec(name: string, codec: CalibratedCodec, tensors: readonly Tensor<'float32'>[]): BenchRow[] {
  const encodeMs: number[] = []
  const decodeMs: number[] = []
  for (let round = 0; round < timedRounds; round++) {
    for (const tensor of tensors) {
      const start = performance.now()
      const payload = codec.encode(tensor)
      const encoded = performance.now()
      codec.decode(payload)
      const per100k = 100_000 / tensor.data.length
      encodeMs.push((encoded - start) * per100k)
      decodeMs.push((performance.now() - encoded) * per100k)
    }
  }
  const note = (values: readonly number[]) => `p95 ${percentile(values, 0.95).toFixed(2)}, ${levels} levels`
  return [
    judged(`${name}: quantise + rANS, 100,000 elements, p50`, percentile(encodeMs, 0.5), 'ms', '<= 2', note(encodeMs)),
    judged(
      `${name}: rANS + dequantise, 100,000 elements, p50`,
      percentile(decodeMs, 0.5),
      'ms',
      '<= 2',
      note(decodeMs),
    ),
  ]
}

function take<T>(map: ReadonlyMap<string, T>, key: string): T {
  const value = map.get(key)
  if (value === undefined) throw new Error(`The network gave no ${key}; it gave ${[...map.keys()].join(', ')}`)
  return value
}
