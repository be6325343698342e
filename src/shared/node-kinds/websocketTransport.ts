import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'

/** Like tcp-transport, over WebSocket: for browsers and where only HTTP gets through. */
export const websocketTransport = defineNodeKind({
  id: 'websocket-transport',
  version: 1,
  label: 'WebSocket transport',
  group: 'Transports',
  summary: 'Carries tensors to another device over a WebSocket, also to browsers and through HTTP proxies.',
  role: 'transport',
  params: z.strictObject({}),
  inputs: { in: { label: 'In' } },
  outputs: { out: { label: 'Out' } },
  inferOutputs: (_params, { in: spec }) => (spec === undefined ? {} : { out: spec }),
})
