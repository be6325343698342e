import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { assertNever } from '../errors/bugError.ts'
import { numericTypes } from '../tensor/dataType.ts'
import { gather } from '../tensor/numericValues.ts'
import type { Dimension, Shape, TensorLayout } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, refuseInput } from './nodeKind.ts'
import { formatTensor, takeNumeric } from './takeInput.ts'

/** Moves the axes of pictures and feature maps; a picture [H, W, C] is a batch of one where a batch is asked for. */
export const layout = defineNodeKind({
  id: 'layout',
  version: 1,
  label: 'Layout',
  group: 'Image',
  summary: 'Moves channels first or last: between [N,C,H,W], [N,H,W,C] and one picture [H,W,C].',
  params: z.strictObject({
    to: z.enum(['NCHW', 'NHWC', 'HWC']).default('NCHW').describe('Order of the axes of the result.'),
  }),
  inputs: { tensor: { label: 'Tensor', accepts: numericTypes } },
  outputs: { tensor: { label: 'Tensor' } },
  inferOutputs: ({ to }, { tensor }) => {
    if (tensor === undefined) return {}
    const from = layoutOf(tensor.shape, tensor.layout)
    const batch = from === undefined || from === 'HWC' ? 1 : (tensor.shape[0] ?? null)
    if (from === undefined) {
      const message = `Layout moves the axes of [H,W,C], [N,C,H,W] or [N,H,W,C], found ${formatSpec(tensor)}.`
      return refuseInput('tensor', message)
    }
    if (to === 'HWC' && typeof batch === 'number' && batch !== 1) {
      return refuseInput('tensor', `Layout HWC takes a batch of one picture, found ${formatSpec(tensor)}.`)
    }
    return { tensor: { ...tensor, shape: moveAxes(tensor.shape, from, to), layout: to } }
  },
  execute(inputs, { to }, { inputSpecs }) {
    const tensor = takeNumeric(inputs, 'tensor')
    const from = layoutOf(tensor.shape, inputSpecs.tensor?.layout)
    if (from === undefined || (to === 'HWC' && from !== 'HWC' && tensor.shape[0] !== 1)) {
      const expected = to === 'HWC' ? 'one picture' : 'pictures or feature maps of rank 3 or 4'
      throw new AppError('tensor.shape-mismatch', `Layout takes ${expected}, found ${formatTensor(tensor)}.`)
    }
    const shape = moveAxes(tensor.shape, from, to)
    return { tensor: from === to ? tensor : gather(tensor, shape, originsOf(tensor.shape, from, to)) }
  },
})

/** What is known, else what the rank says: [H, W, C] as pictures are, [N, C, H, W] as ONNX has it. */
function layoutOf(shape: Shape, known: TensorLayout | undefined): TensorLayout | undefined {
  if (shape.length === 3) return 'HWC'
  if (shape.length !== 4) return undefined
  return known === 'NHWC' ? 'NHWC' : 'NCHW'
}

function moveAxes<D extends Dimension>(shape: readonly D[], from: TensorLayout, to: TensorLayout): (D | 1)[] {
  const [n, h, w, c] = toNhwc<D | 1>(from === 'HWC' ? [1, ...shape] : shape, from)
  switch (to) {
    case 'NCHW':
      return [n, c, h, w]
    case 'NHWC':
      return [n, h, w, c]
    case 'HWC':
      return [h, w, c]
    default:
      return assertNever(to)
  }
}

function toNhwc<D>(shape: readonly D[], from: TensorLayout): readonly [D, D, D, D] {
  const [a, b, c, d] = shape as readonly [D, D, D, D] // rank 4 by now: a picture has got its batch axis
  return from === 'NCHW' ? [a, c, d, b] : [a, b, c, d]
}

/** For each element of the result, where it comes from. */
function originsOf(shape: readonly number[], from: TensorLayout, to: TensorLayout): Uint32Array {
  const [n, h, w, c] = toNhwc<number>(from === 'HWC' ? [1, ...shape] : shape, from)
  const channelsFirst = from === 'NCHW'
  const origins = new Uint32Array(n * h * w * c)
  const pixels = h * w
  let index = 0
  if ((to === 'NCHW') === channelsFirst) return origins.map((_, at) => at)
  const [outer, inner] = channelsFirst ? [pixels, c] : [c, pixels]
  for (let batch = 0; batch < n; batch++) {
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) origins[index++] = batch * pixels * c + j * outer + i
    }
  }
  return origins
}
