import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'
import { inputCount, numberedInputs, numberedOutputs, passThrough } from './pairedPorts.ts'

export const zip = defineNodeKind({
  id: 'zip',
  version: 1,
  label: 'Zip',
  group: 'Flow',
  summary: 'Lets frames of the same number pass together; a number that one stream skipped is skipped in all.',
  join: 'zip',
  params: z.strictObject({ inputs: inputCount }),
  inputs: ({ inputs }) => numberedInputs(inputs),
  outputs: ({ inputs }) => numberedOutputs(inputs),
  inferOutputs: (_params, specs) => passThrough(specs),
  execute: (tensors) => passThrough(tensors),
})
