import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'
import { inputCount, numberedInputs, numberedOutputs, passThrough } from './pairedPorts.ts'

export const latestJoin = defineNodeKind({
  id: 'latest-join',
  version: 1,
  label: 'Latest join',
  group: 'Flow',
  summary: 'Lets each frame of the first stream pass, together with the newest frame of the others.',
  join: 'latest',
  params: z.strictObject({ inputs: inputCount }),
  inputs: ({ inputs }) => numberedInputs(inputs),
  outputs: ({ inputs }) => numberedOutputs(inputs),
  inferOutputs: (_params, specs) => passThrough(specs),
  execute: (tensors) => passThrough(tensors),
})
