import { z } from 'zod'
import { numericTypes } from '../tensor/dataType.ts'
import { takeClass } from './classScores.ts'
import { defineNodeKind } from './nodeKind.ts'
import { createRunningShare } from './runningShare.ts'

/** `prediction` is scores of one picture or the index of a class, `truth` the index of the true class. */
export const accuracy = defineNodeKind({
  id: 'accuracy',
  version: 1,
  label: 'Accuracy',
  group: 'Results',
  summary: 'Compares the top class with the true one: this frame, and the share of right answers so far.',
  params: z.strictObject({
    offset: z
      .int()
      .min(-1000)
      .max(1000)
      .default(0)
      .describe('Added to the true index: 1 for networks whose class 0 is background.'),
  }),
  inputs: {
    prediction: { label: 'Prediction', accepts: numericTypes },
    truth: { label: 'True class', accepts: numericTypes },
  },
  outputs: { share: { label: 'Top-1 so far' }, match: { label: 'Match' } },
  inferOutputs: () => ({ share: { dtype: 'float32', shape: [] }, match: { dtype: 'uint8', shape: [] } }),
  prepare({ offset }) {
    const next = createRunningShare()
    return (inputs) => next(takeClass(inputs, 'prediction') === takeClass(inputs, 'truth') + offset)
  },
})
