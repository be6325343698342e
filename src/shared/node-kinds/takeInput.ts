import { AppError } from '../errors/appError.ts'
import { BugError } from '../errors/bugError.ts'
import type { DataType } from '../tensor/dataType.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { NodeInputs } from './nodeKind.ts'

/** The tensor at a required input. The engine calls nobody without it. */
export function takeInput(inputs: NodeInputs, port: string): Tensor {
  const tensor = inputs[port]
  if (tensor === undefined) throw new BugError(`Input ${port} has no tensor`)
  return tensor
}

/**
 * The tensor at an input, of one dtype: checked because types of a graph may be unknown until frames come. Fails with
 * `tensor.dtype-mismatch`.
 */
export function takeTyped<D extends DataType>(inputs: NodeInputs, port: string, dtype: D): Tensor<D> {
  const tensor = takeInput(inputs, port)
  if (tensor.dtype === dtype) return tensor as Tensor<D> // its dtype was compared
  throw new AppError(
    'tensor.dtype-mismatch',
    `Input ${port} takes ${dtype}, found ${formatTensor(tensor)}. Insert a Cast node before it.`,
  )
}

/** A picture, uint8 [H, W, 3]. Fails with `tensor.dtype-mismatch` or `tensor.shape-mismatch`. */
export function takePicture(inputs: NodeInputs, port: string): Tensor<'uint8'> {
  const image = takeTyped(inputs, port, 'uint8')
  if (image.shape.length === 3 && image.shape[2] === 3) return image
  throw new AppError(
    'tensor.shape-mismatch',
    `Input ${port} takes a picture, uint8 [H,W,3], found ${formatTensor(image)}. Insert a Layout node before it.`,
  )
}

/** Any tensor of numbers, int64 and float16 (as bits) included. Fails with `tensor.dtype-mismatch`. */
export function takeNumeric(inputs: NodeInputs, port: string): Exclude<Tensor, Tensor<'bytes' | 'string'>> {
  const tensor = takeInput(inputs, port)
  if (tensor.dtype !== 'bytes' && tensor.dtype !== 'string') return tensor
  throw new AppError(
    'tensor.dtype-mismatch',
    `Input ${port} takes numbers, found ${formatTensor(tensor)}. Decode it first.`,
  )
}

/** "float32 [1,3,224,224]" */
export function formatTensor(tensor: Tensor): string {
  return `${tensor.dtype} [${tensor.shape.join(',')}]`
}
