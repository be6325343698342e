import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { Quantizer } from './quantizer.ts'
import { createRansTables, type RansTables } from './rans/ransTables.ts'

export const calibrationFormat = 'colliflow.calibration'
export const calibrationVersion = 1

const float32 = z.number().refine((value) => Math.fround(value) === value, 'must be a float32 number')
const smallIndices = z.array(z.int().min(0).max(15))

const calibrationSchema = z.strictObject({
  format: z.literal(calibrationFormat),
  version: z.literal(calibrationVersion),
  /** The float32 tensor it is for; the first dimension is 1, whatever the batch. */
  tensor: z.strictObject({
    dtype: z.literal('float32'),
    shape: z.array(z.int().min(1)).min(1).max(8),
    layout: z.enum(['HWC', 'NHWC', 'NCHW']).optional(),
  }),
  levels: z.int().min(2).max(256),
  /** How many pictures it was made from. */
  photos: z.int().min(1),
  /** Share of values within the clip, in percent; the rest on each tail is clamped. */
  percentile: z.number().gt(50).max(100),
  clip: z.strictObject({ min: z.number().max(0), max: z.number().min(0) }),
  scale: float32.refine((value) => value > 0, 'must be above 0'),
  zeroLevel: z.int().min(0).max(255),
  reconstruction: z.array(float32),
  neighbourClasses: smallIndices,
  contexts: smallIndices,
  frequencies: z
    .array(z.array(z.int().min(1).max(0x3fff)))
    .min(1)
    .max(16),
})

/** Everything that coder and decoder of one cut share: sent once with the graph, named by the SHA-256 of its text. */
export type Calibration = z.output<typeof calibrationSchema>

/** The text whose SHA-256 names the calibration: keys in schema order, no spaces, one newline at the end. */
export function writeCalibration(calibration: Calibration): string {
  return `${JSON.stringify(calibrationSchema.parse(calibration))}\n`
}

/** Reads the JSON of a calibration. Fails with `codec.table-invalid`. */
export function parseCalibration(text: string): Result<Calibration> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return failure(new AppError('codec.table-invalid', 'A calibration must be JSON; calibrate again.', { cause }))
  }
  const parsed = calibrationSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const path = issue?.path.join('.') || '(all)'
    const message = `Field ${path} of a calibration is wrong: ${issue?.message}. Calibrate again.`
    return failure(new AppError('codec.table-invalid', message, { details: { path } }))
  }
  const { levels, reconstruction, zeroLevel } = parsed.data
  const rises = reconstruction.every((value, level) => level === 0 || value > (reconstruction[level - 1] ?? value))
  if (reconstruction.length !== levels || reconstruction[zeroLevel] !== 0 || !rises) {
    const message = `Field reconstruction of a calibration must be ${levels} rising values with 0 at ${zeroLevel}.`
    return failure(new AppError('codec.table-invalid', message, { details: { path: 'reconstruction' } }))
  }
  return success(parsed.data)
}

/** What rounds float32 elements to the calibration's levels and back. */
export function quantizerOf(calibration: Calibration): Quantizer {
  const { levels, scale, zeroLevel, reconstruction } = calibration
  return { levels, scale, zeroLevel, reconstruction: Float32Array.from(reconstruction) }
}

/** Fails with `codec.table-invalid`. */
export function ransTablesOf(calibration: Calibration): RansTables {
  return createRansTables(calibration)
}

/** The tensors that the calibration was made for. */
export function calibrationTensorOf({ tensor }: Calibration): TensorSpec {
  const { dtype, shape, layout } = tensor
  return layout === undefined ? { dtype, shape } : { dtype, shape, layout }
}

/** What typing needs of a calibration; `hash` is the SHA-256 of writeCalibration, computed by the host. */
export function summariseCalibration(
  calibration: Calibration,
  hash: string,
): { readonly hash: string; readonly levels: number; readonly tensor: TensorSpec } {
  return { hash, levels: calibration.levels, tensor: calibrationTensorOf(calibration) }
}

/**
 * Whether a calibration made for `made` serves tensors of `spec`: same dtype and rank, and no dimension but the first
 * (the batch) known to differ. The layout may differ: it only chose the neighbours, and both ends read it from here.
 */
export function calibrationFits(made: TensorSpec, spec: TensorSpec): boolean {
  if (made.dtype !== spec.dtype || made.shape.length !== spec.shape.length) return false
  return spec.shape.every((dimension, axis) => {
    const isBatch = axis === 0 && spec.shape.length > 1
    return isBatch || typeof dimension !== 'number' || dimension === made.shape[axis]
  })
}
