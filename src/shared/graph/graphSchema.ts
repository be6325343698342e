import { z } from 'zod'
import type { JsonObject } from './graph.ts'
import { idRule, isGraphId, isPortRef, portRefRule } from './portRef.ts'
import { maxWireCapacity } from './wirePolicy.ts'

/**
 * The file as it stands in JSON, version 1. Objects are loose: fields that this version does not know pass through and
 * become `extras`. Values have been checked to be plain JSON before (findJsonFault).
 */
const id = z.string().refine(isGraphId, { error: idRule })
const portRef = z.string().refine(isPortRef, { error: portRefRule })
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { error: 'expected object' },
)

const capacity = z.int().min(1).max(maxWireCapacity)
/** A wire policy in full. */
export const policySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('block'), capacity: capacity.exactOptional() }),
  z.strictObject({ kind: z.literal('latest') }),
  z.strictObject({ kind: z.literal('drop-oldest'), capacity }),
  z.strictObject({ kind: z.literal('drop-newest'), capacity }),
  z.strictObject({ kind: z.literal('sample'), fps: z.number().positive().max(1000) }),
])
/** An object, or its kind alone where it needs no more. */
const policyShorthand = z.enum(['block', 'latest'], { error: 'expected "block", "latest" or an object with a kind' })

const deviceSchema = z.looseObject({
  role: z.enum(['edge', 'cloud']),
  address: z.string().exactOptional(),
})

const nodeSchema = z.looseObject({
  kind: z.string().min(1),
  device: id.exactOptional(),
  from: id.exactOptional(),
  to: id.exactOptional(),
  label: z.string().exactOptional(),
  params: jsonObject.exactOptional(),
})

const wireFields = { from: portRef, to: portRef }
const plainWireSchema = z.looseObject({ ...wireFields, policy: policyShorthand.exactOptional() })
const policyWireSchema = z.looseObject({ ...wireFields, policy: policySchema })
/** Chosen by hand instead of by z.union, whose message would not say what is wrong with a policy. */
const wireSchema = z.unknown().transform((wire, context) => {
  const policy = typeof wire === 'object' && wire !== null && 'policy' in wire ? wire.policy : undefined
  const schema = typeof policy === 'object' && policy !== null ? policyWireSchema : plainWireSchema
  const parsed = schema.safeParse(wire)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    context.issues.push({ ...issue, input: wire } as (typeof context.issues)[number]) // a finished issue is a raw one
  }
  return z.NEVER
})

export const graphFileSchema = z.looseObject({
  format: z.string(),
  version: z.int(),
  title: z.string(),
  description: z.string().exactOptional(),
  devices: z.record(id, deviceSchema).exactOptional(),
  nodes: z.record(id, nodeSchema),
  wires: z.array(wireSchema),
  layout: z.record(id, z.tuple([z.number(), z.number()])).exactOptional(),
})

export type GraphFile = z.output<typeof graphFileSchema>
export type WireFile = GraphFile['wires'][number]
