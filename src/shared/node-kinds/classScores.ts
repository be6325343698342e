import { AppError } from '../errors/appError.ts'
import { numbersOf } from '../tensor/numericValues.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { NodeInputs } from './nodeKind.ts'
import { formatTensor, takeNumeric } from './takeInput.ts'

/** The place of the greatest of `length` values from `start` on, counted from `start`; of equal ones the first. NaN never wins. */
export function indexOfMax(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0
  let bestValue = Number.NEGATIVE_INFINITY
  for (let index = 0; index < length; index++) {
    const value = values[start + index] ?? Number.NaN
    if (value > bestValue) {
      best = index
      bestValue = value
    }
  }
  return best
}

/**
 * The class that a tensor speaks for: an integer tensor of one element is the index itself, any other is scores by
 * class, one picture a frame. Fails with `tensor.shape-mismatch`.
 */
export function takeClass(inputs: NodeInputs, port: string): number {
  const tensor = takeNumeric(inputs, port)
  const values = numbersOf(tensor)
  if (values.length === 1 && !tensor.dtype.startsWith('float')) return values[0] ?? 0
  if (values.length > 1 && tensor.shape.at(-1) === values.length) return indexOfMax(values, 0, values.length)
  throw new AppError(
    'tensor.shape-mismatch',
    `Input ${port} takes one index or the scores of one picture, found ${formatTensor(tensor)}.`,
  )
}

/** Number of classes that a spec of scores has; undefined where it is not known. */
export function classCountOf(spec: TensorSpec | undefined): number | undefined {
  const last = spec?.shape.at(-1)
  return typeof last === 'number' ? last : undefined
}
