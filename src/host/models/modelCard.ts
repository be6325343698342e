import { z } from 'zod'
import { AppError } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { dataTypes } from '../../shared/tensor/dataType.ts'
import type { TensorSpec } from '../../shared/tensor/tensorSpec.ts'

const port = z.object({
  dtype: z.enum(dataTypes),
  shape: z.array(z.union([z.int().nonnegative(), z.string(), z.null()])),
  layout: z.enum(['HWC', 'NHWC', 'NCHW']).optional(),
})

/** Model names are file names on every system, and may stand in a graph and on a command line unquoted. */
export const modelNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'a name has letters, digits, ".", "_" and "-", and at most 128 of them')

const modelCardSchema = z.object({
  name: modelNameSchema,
  title: z.string().optional(),
  source: z.string().optional(),
  licence: z.string().optional(),
  /** Preprocessing that the network was trained with, e.g. "imagenet-tf". */
  preset: z.string().optional(),
  /** Label set that names its classes, e.g. "imagenet". */
  labels: z.string().optional(),
  inputs: z.record(z.string(), port),
  outputs: z.record(z.string(), port),
  /** SHA-256 of the ONNX file, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
})

/** What an ONNX file does not say about its network, and what one wants to know without opening it. */
export interface ModelCard {
  readonly name: string
  readonly title?: string
  readonly source?: string
  readonly licence?: string
  readonly preset?: string
  readonly labels?: string
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  readonly sha256: string
  readonly bytes: number
}

/** Reads the text of a card file; `path` is for the message. Fails with `file.unreadable`. */
export function parseModelCard(text: string, path: string): Result<ModelCard> {
  try {
    // The schema is ModelCard, except that zod lets an optional field be undefined where we leave it out.
    return success(modelCardSchema.parse(JSON.parse(text)) as ModelCard)
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined
    const what = issue === undefined ? 'it is not JSON' : `field ${issue.path.join('.')}: ${issue.message}`
    const message = `${path} is no model card (${what}). Add the model again.`
    return failure(new AppError('file.unreadable', message, { cause }))
  }
}

/** The text of a card file; parseModelCard reads it back. */
export function writeModelCard(card: ModelCard): string {
  return `${JSON.stringify(card, undefined, 2)}\n`
}
