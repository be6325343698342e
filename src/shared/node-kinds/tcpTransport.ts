import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'

/** A link over TCP; the node names its devices in `from` and `to`, and the partitioner makes it the two ends of a link. */
export const tcpTransport = defineNodeKind({
  id: 'tcp-transport',
  version: 1,
  label: 'TCP transport',
  group: 'Transports',
  summary: 'Carries tensors to another device over a TCP connection, without loss and in order.',
  role: 'transport',
  params: z.strictObject({}),
  inputs: { in: { label: 'In' } },
  outputs: { out: { label: 'Out' } },
  inferOutputs: (_params, { in: spec }) => (spec === undefined ? {} : { out: spec }),
})
