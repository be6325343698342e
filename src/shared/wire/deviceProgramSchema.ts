import { z } from 'zod'
import type { JsonObject } from '../graph/graph.ts'
import { maxWireCapacity, type WirePolicy } from '../graph/wirePolicy.ts'
import { dataTypes } from '../tensor/dataType.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { DeviceProgram } from './deviceProgram.ts'

const id = z.string().min(1).max(255)
const hash = z.string().regex(/^[0-9a-f]{64}$/)

export const tensorSpecSchema: z.ZodType<TensorSpec> = z.lazy(() =>
  z.strictObject({
    dtype: z.enum(dataTypes),
    shape: z.array(z.union([z.int().nonnegative(), z.string().max(64), z.null()])).max(8),
    layout: z.enum(['HWC', 'NHWC', 'NCHW']).exactOptional(),
    encoding: z
      .strictObject({
        codec: z.string().max(64),
        tensor: tensorSpecSchema.exactOptional(),
        params: z.record(z.string(), z.unknown()).exactOptional(),
      })
      .exactOptional(),
  }),
)

const capacity = z.int().min(1).max(maxWireCapacity)
const wirePolicySchema: z.ZodType<WirePolicy> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('block'), capacity: capacity.exactOptional() }),
  z.strictObject({ kind: z.literal('latest') }),
  z.strictObject({ kind: z.literal('drop-oldest'), capacity }),
  z.strictObject({ kind: z.literal('drop-newest'), capacity }),
  z.strictObject({ kind: z.literal('sample'), fps: z.number().positive().max(1000) }),
])

const blob = z.strictObject({ hash, bytes: z.number().int().nonnegative(), name: z.string().max(255).exactOptional() })
const specs = z.record(id, tensorSpecSchema)

export const deviceProgramSchema: z.ZodType<DeviceProgram> = z.strictObject({
  device: id,
  deviceIndex: z.int().min(0).max(255),
  nodes: z.record(
    id,
    z.strictObject({
      kind: z.string().max(64),
      params: z.record(z.string(), z.json()) as unknown as z.ZodType<JsonObject>,
      inputSpecs: specs,
      outputSpecs: specs,
      assets: z.record(id, z.array(blob).max(65_536)),
    }),
  ),
  wires: z
    .array(z.strictObject({ from: z.string().max(512), to: z.string().max(512), policy: wirePolicySchema }))
    .max(100_000),
  links: z.record(
    id,
    z.strictObject({
      direction: z.enum(['send', 'receive']),
      peer: id,
      transport: z.enum(['tcp', 'websocket']),
      spec: tensorSpecSchema.exactOptional(),
      linkIndex: z.int().min(0).max(65_535).exactOptional(),
    }),
  ),
})
