import { z } from 'zod'
import { numericTypes } from '../tensor/dataType.ts'
import { takeClass } from './classScores.ts'
import { defineNodeKind } from './nodeKind.ts'
import { createRunningShare } from './runningShare.ts'

/** Each input is scores of one picture, or the index of a class. */
export const agreement = defineNodeKind({
  id: 'agreement',
  version: 1,
  label: 'Agreement',
  group: 'Results',
  summary: 'Compares the top class of a network with that of a reference: this frame, and the share so far.',
  params: z.strictObject({}),
  inputs: {
    reference: { label: 'Reference', accepts: numericTypes },
    candidate: { label: 'Candidate', accepts: numericTypes },
  },
  outputs: { share: { label: 'Share so far' }, match: { label: 'Match' } },
  inferOutputs: () => ({ share: { dtype: 'float32', shape: [] }, match: { dtype: 'uint8', shape: [] } }),
  prepare() {
    const next = createRunningShare()
    return (inputs) => next(takeClass(inputs, 'reference') === takeClass(inputs, 'candidate'))
  },
})
