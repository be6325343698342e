import { z } from 'zod'
import { numericTypes } from '../tensor/dataType.ts'
import { numbersOf } from '../tensor/numericValues.ts'
import { createTensor } from '../tensor/tensor.ts'
import { indexOfMax } from './classScores.ts'
import { defineNodeKind } from './nodeKind.ts'
import { takeNumeric } from './takeInput.ts'

/** [..., classes] to int32 [...]. */
export const argmax = defineNodeKind({
  id: 'argmax',
  version: 1,
  label: 'Argmax',
  group: 'Results',
  summary: 'Gives the place of the greatest score along the last axis; of equal ones the first.',
  params: z.strictObject({}),
  inputs: { scores: { label: 'Scores', accepts: numericTypes } },
  outputs: { index: { label: 'Index' } },
  inferOutputs: (_params, { scores }) =>
    scores === undefined ? {} : { index: { dtype: 'int32', shape: scores.shape.slice(0, -1) } },
  execute(inputs) {
    const scores = takeNumeric(inputs, 'scores')
    const values = numbersOf(scores)
    const rowLength = scores.shape.at(-1) ?? 1
    const rows = rowLength === 0 ? 0 : values.length / rowLength
    const indices = Int32Array.from({ length: rows }, (_, row) => indexOfMax(values, row * rowLength, rowLength))
    return { index: createTensor('int32', scores.shape.slice(0, -1), indices) }
  },
})
