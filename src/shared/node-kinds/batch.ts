import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { numericTypes } from '../tensor/dataType.ts'
import { concatenate, type NumericTensor } from '../tensor/numericValues.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, type NodeOutputs } from './nodeKind.ts'
import { formatTensor, takeNumeric } from './takeInput.ts'

/** [1, ...] times N to [N, ...], or [...] times N to [N, ...] where the first axis is no batch of one. */
export const batch = defineNodeKind({
  id: 'batch',
  version: 1,
  label: 'Batch',
  group: 'Flow',
  summary: 'Puts several frames into one tensor, for networks that are faster on batches; the last may be smaller.',
  numbering: 'fresh',
  params: z.strictObject({ size: z.int().min(1).max(256).default(8).describe('Frames in a batch.') }),
  inputs: { in: { label: 'Frames', accepts: numericTypes } },
  outputs: { out: { label: 'Batch' } },
  inferOutputs: (_params, { in: spec }) => {
    if (spec === undefined) return {}
    const { layout, ...rest } = spec
    const shape = ['N', ...(spec.shape[0] === 1 ? spec.shape.slice(1) : spec.shape)]
    const batched: TensorSpec['layout'] = layout === 'HWC' ? 'NHWC' : layout
    return { out: { ...rest, shape, ...(batched === undefined ? {} : { layout: batched }) } }
  },
  async *stream(frames, { size }): AsyncIterable<NodeOutputs> {
    let waiting: NumericTensor[] = []
    for await (const { inputs } of frames) {
      waiting.push(takeNumeric(inputs, 'in'))
      if (waiting.length < size) continue
      yield { out: joinFrames(waiting) }
      waiting = []
    }
    if (waiting.length > 0) yield { out: joinFrames(waiting) }
  },
})

function joinFrames(frames: readonly NumericTensor[]): NumericTensor {
  const [first] = frames
  const odd = frames.find((frame) => frame.dtype !== first?.dtype || String(frame.shape) !== String(first?.shape))
  if (first !== undefined && odd === undefined) {
    return concatenate(frames, [frames.length, ...(first.shape[0] === 1 ? first.shape.slice(1) : first.shape)])
  }
  throw new AppError(
    'tensor.shape-mismatch',
    `Batch takes frames of one shape, found ${first && formatTensor(first)} and ${odd && formatTensor(odd)}. Resize them first.`,
  )
}
