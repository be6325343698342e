import { AppError } from '../errors/appError.ts'
import { BugError } from '../errors/bugError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { formatSpec, type TensorSpec } from '../tensor/tensorSpec.ts'
import { type Calibration, calibrationFormat, calibrationVersion } from './calibration.ts'
import { learnContexts } from './learnContexts.ts'
import { planeLayoutOf } from './neighbourhood.ts'
import { type Clip, type Quantizer, quantize, quantizerGridOf } from './quantizer.ts'
import { frequenciesOf, maxNeighbourClasses } from './rans/ransTables.ts'
import { ValueHistogram } from './valueHistogram.ts'

export interface CalibrationOptions {
  /** 2-256. */
  readonly levels: number
  /**
   * Share of values within the clip, in percent. Default 99.9 for feature maps: tighter clips cost agreement and save
   * nothing. Default 100 for vectors, i.e. shapes with one axis longer than 1: the largest of 1001 scores is the answer.
   */
  readonly percentile?: number
  /** Values that are told apart by whoever reads the tensor, e.g. from 0 on where a Relu follows; the clip stays within. */
  readonly range?: { readonly min: number; readonly max: number }
}

/** A symbol that no sample showed counts as this share of an occurrence, so that it can still be coded. */
const unseenCount = 0.3
/** Beyond this no feature lies; within it, steps and levels are finite float32 numbers. */
const widestClip = 2 ** 100
/** Weight, in occurrences, of the overall distribution within each context's own. */
const overallWeight = 4

/**
 * Makes the calibration of one cut from the tensors of other pictures than those that will be coded. `samples` is
 * iterated twice (an array, not a generator); each holds as many values as `spec`'s shape with its first dimension as
 * 1. Fails with `tensor.dtype-mismatch` or `tensor.shape-mismatch` for what cannot be calibrated, and with
 * `codec.table-invalid` for levels or percentile out of range.
 */
export function calibrate(
  samples: Iterable<Float32Array>,
  spec: TensorSpec,
  { levels, percentile = defaultPercentileOf(spec), range }: CalibrationOptions,
): Result<Calibration> {
  const levelsFit = Number.isInteger(levels) && levels >= 2 && levels <= 256
  if (!levelsFit || !(percentile > 50 && percentile <= 100)) {
    const message = `A calibration has 2-256 levels and a percentile in (50, 100], found ${levels} and ${percentile}.`
    return failure(new AppError('codec.table-invalid', message))
  }
  const sampleShape = sampleShapeOf(spec)
  if (!sampleShape.ok) return sampleShape
  const shape = sampleShape.value
  const { layout } = spec
  const elements = shape.reduce((product, dimension) => product * dimension, 1)

  const histogram = new ValueHistogram()
  let photos = 0
  for (const sample of samples) {
    if (sample.length !== elements) {
      const message = `A calibration sample of ${formatSpec(spec)} must have ${elements} values, found ${sample.length}.`
      return failure(new AppError('tensor.shape-mismatch', message))
    }
    histogram.add(sample)
    photos++
  }
  if (photos === 0) throw new BugError('calibrate() needs at least one sample')
  const [low, high] = [range?.min ?? -widestClip, range?.max ?? widestClip]
  const clip: Clip = {
    min: Math.min(0, Math.max(-widestClip, low, histogram.valueBelow(1 - percentile / 100))),
    max: Math.max(0, Math.min(widestClip, high, histogram.valueBelow(percentile / 100))),
  }

  const grid = quantizerGridOf(clip, levels)
  const measured = new LevelStatistics({ ...grid, reconstruction: new Float32Array(levels) })
  const symbols = Array.from(samples, (sample) => measured.add(sample))
  if (symbols.length !== photos) throw new BugError('calibrate() needs samples that can be iterated twice')

  const neighbourClasses = neighbourClassesOf(measured.counts)
  const planes = planeLayoutOf(shape, layout)
  const { contexts, histograms } = learnContexts(symbols, planes, grid.zeroLevel, levels, neighbourClasses)
  return success({
    format: calibrationFormat,
    version: calibrationVersion,
    tensor: { dtype: 'float32', shape, ...(layout === undefined ? {} : { layout }) },
    levels,
    photos,
    percentile,
    clip,
    scale: grid.scale,
    zeroLevel: grid.zeroLevel,
    reconstruction: measured.reconstruction(),
    neighbourClasses,
    contexts,
    frequencies: histograms.map((counts) => frequenciesOf(smooth(counts, measured.counts))),
  })
}

/** Of a sample, so the batch does not count. */
function defaultPercentileOf({ shape }: TensorSpec): number {
  const long = shape.filter((dimension, axis) => dimension !== 1 && (axis > 0 || shape.length === 1))
  return long.length > 1 ? 99.9 : 100
}

/** The shape of one sample: dimensions as numbers, the batch 1. */
function sampleShapeOf(spec: TensorSpec): Result<number[]> {
  if (spec.dtype !== 'float32') {
    const message = `Only float32 tensors are calibrated, found ${formatSpec(spec)}. Insert a Cast node before the codec.`
    return failure(new AppError('tensor.dtype-mismatch', message))
  }
  const shape = spec.shape.map((dimension, axis) => (axis === 0 && spec.shape.length > 1 ? 1 : dimension))
  if (shape.length > 0 && shape.every((dimension) => typeof dimension === 'number' && dimension > 0)) {
    return success(shape.map(Number))
  }
  const message = `${formatSpec(spec)} cannot be calibrated: all dimensions but the first must be known and above 0.`
  return failure(new AppError('tensor.shape-mismatch', message))
}

/** How often each level occurs, and the mean of the values that it stands for. */
class LevelStatistics {
  readonly counts: number[]
  readonly #sums: Float64Array
  readonly #quantizer: Quantizer

  constructor(quantizer: Quantizer) {
    this.#quantizer = quantizer
    this.counts = new Array<number>(quantizer.levels).fill(0)
    this.#sums = new Float64Array(quantizer.levels)
  }

  add(sample: Float32Array): Uint8Array {
    const symbols = quantize(sample, this.#quantizer)
    for (const [index, symbol] of symbols.entries()) {
      const value = sample[index] ?? 0
      if (!Number.isFinite(value)) continue
      this.counts[symbol] = (this.counts[symbol] ?? 0) + 1
      this.#sums[symbol] = (this.#sums[symbol] ?? 0) + value
    }
    return symbols
  }

  /** Mean value per level; 0 at the level of zero, the middle of its step for a level that never occurred. */
  reconstruction(): number[] {
    const { zeroLevel, scale } = this.#quantizer
    const points = this.counts.map((count, level) => {
      const middle = (level - zeroLevel) / scale
      if (level === zeroLevel) return 0
      return count > 0 ? (this.#sums[level] ?? 0) / count : middle
    })
    return strictlyRising(points.map(Math.fround), zeroLevel)
  }
}

/** Ties (values too close for float32, or clamped outliers) are moved apart by the smallest steps, outwards from zero. */
function strictlyRising(points: readonly number[], zeroLevel: number): number[] {
  const rising = [...points]
  for (let level = zeroLevel + 1; level < rising.length; level++) {
    const below = rising[level - 1] ?? 0
    if ((rising[level] ?? 0) <= below) rising[level] = nextFloat32(below)
  }
  for (let level = zeroLevel - 1; level >= 0; level--) {
    const above = rising[level + 1] ?? 0
    if ((rising[level] ?? 0) >= above) rising[level] = -nextFloat32(-above)
  }
  return rising
}

/** A float32 number above `value`, within two units in the last place. */
function nextFloat32(value: number): number {
  const next = Math.fround(value + Math.abs(value) * 2 ** -23)
  return next > value ? next : Math.fround(value + 2 ** -149)
}

/**
 * Groups levels into at most 16 classes of neighbours, cut so that each holds about the same sum of square roots of
 * counts: fine where levels are frequent, without starving the rare large ones.
 */
function neighbourClassesOf(counts: readonly number[]): number[] {
  if (counts.length <= maxNeighbourClasses) return counts.map((_, level) => level)
  const weights = counts.map(Math.sqrt)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let below = 0
  const rough = weights.map((weight) => {
    const middle = total > 0 ? (below + weight / 2) / total : 0
    below += weight
    return Math.min(maxNeighbourClasses - 1, Math.floor(middle * maxNeighbourClasses))
  })
  const used = [...new Set(rough)]
  return rough.map((value) => used.indexOf(value))
}

function smooth(counts: readonly number[], overall: readonly number[]): number[] {
  const total = overall.reduce((sum, count) => sum + count + unseenCount, 0)
  return counts.map((count, symbol) => count + (overallWeight * ((overall[symbol] ?? 0) + unseenCount)) / total)
}
