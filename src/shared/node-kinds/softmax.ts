import { z } from 'zod'
import { createTensor } from '../tensor/tensor.ts'
import { defineNodeKind } from './nodeKind.ts'
import { takeTyped } from './takeInput.ts'

/** float32 [..., classes], each row to shares of 1. */
export const softmax = defineNodeKind({
  id: 'softmax',
  version: 1,
  label: 'Softmax',
  group: 'Results',
  summary: 'Turns scores into probabilities along the last axis.',
  params: z.strictObject({}),
  inputs: { scores: { label: 'Scores', accepts: 'float32' } },
  outputs: { probabilities: { label: 'Probabilities' } },
  inferOutputs: (_params, { scores }) => (scores === undefined ? {} : { probabilities: scores }),
  execute(inputs) {
    const { data, shape } = takeTyped(inputs, 'scores', 'float32')
    const probabilities = new Float32Array(data.length)
    const rowLength = shape.at(-1) ?? 1
    for (let start = 0; rowLength > 0 && start < data.length; start += rowLength) {
      probabilities.set(softmaxOf(data.subarray(start, start + rowLength)), start)
    }
    return { probabilities: createTensor('float32', shape, probabilities) }
  },
})

/** exp(x - max) / sum, in double precision: the greatest score is taken off so that no exponential overflows. */
export function softmaxOf(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores)
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  let sum = 0
  for (const [index, value] of values.entries()) {
    // Equal infinities would give NaN; scores that tie at the top share the probability.
    const weight = value === max ? 1 : Math.exp(value - max)
    values[index] = weight
    sum += weight
  }
  return values.map((weight) => weight / sum)
}
