import { z } from 'zod'
import { dataTypes } from '../tensor/dataType.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind } from './nodeKind.ts'

const dimension = z.union([z.int().nonnegative(), z.string().min(1).max(64), z.null()])

/** Where frames of the caller enter a graph; the partitioner makes it a link from the client. */
export const graphInput = defineNodeKind({
  id: 'graph-input',
  version: 1,
  label: 'Graph input',
  group: 'Sources',
  summary: 'Takes the frames that the caller feeds into the graph.',
  role: 'graph-input',
  params: z.strictObject({
    dtype: z.enum(dataTypes).describe('Element type of what is fed.'),
    shape: z.array(dimension).max(8).describe('Dimensions: a number, a symbol such as "N", or null where unknown.'),
    layout: z.enum(['HWC', 'NHWC', 'NCHW']).exactOptional().describe('Meaning of the axes, for pictures and features.'),
  }),
  inputs: {},
  outputs: { value: { label: 'Value' } },
  numbering: 'fresh',
  inferOutputs: ({ dtype, shape, layout }) => {
    // Bytes of which nobody says how they were made have no type that a decoder could be checked against.
    if (dtype === 'bytes') return {}
    const spec: TensorSpec = { dtype, shape, ...(layout === undefined ? {} : { layout }) }
    return { value: spec }
  },
})
