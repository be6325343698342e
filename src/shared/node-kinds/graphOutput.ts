import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'

/** Where results leave a graph; the partitioner makes it a link to the client. */
export const graphOutput = defineNodeKind({
  id: 'graph-output',
  version: 1,
  label: 'Graph output',
  group: 'Sinks',
  summary: 'Gives its frames to whoever runs the graph.',
  role: 'graph-output',
  params: z.strictObject({}),
  inputs: { value: { label: 'Value' } },
  outputs: {},
  inferOutputs: () => ({}),
})
