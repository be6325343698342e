import { z } from 'zod'
import { deviceProgramSchema } from './deviceProgramSchema.ts'

/**
 * The control protocol: JSON messages on one WebSocket per device (docs/wire-protocol.md, part 1). The dialling client
 * asks, the device answers each request once, by id, with `reply`; besides, it sends events. Both ends validate every
 * message with these schemas; a message that does not fit is answered (`wire.message-invalid`) and closes the socket.
 */
export const protocolVersion = 1

/** A control message longer than this is refused before it is parsed. */
export const maxControlMessageBytes = 4 * 1024 * 1024
/** The first message of a connection may not be longer than this. */
export const maxHelloBytes = 4096

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const sessionId = z.string().min(1).max(64)
const linkId = z.string().min(1).max(255)
const requestId = z.int().nonnegative()
const transport = z.enum(['tcp', 'websocket'])

export const wireErrorSchema = z.strictObject({
  code: z.string().max(64),
  message: z.string().max(16_384),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type WireError = z.output<typeof wireErrorSchema>

export const capabilitiesSchema = z.strictObject({
  /** Name that people see. */
  name: z.string().max(255),
  role: z.enum(['edge', 'cloud']),
  runtime: z.string().max(255),
  kinds: z.array(z.string().max(64)).max(1024),
  /** Transports on which it can accept, and open, data connections. */
  listens: z.array(transport),
  dials: z.array(transport),
  maxBlobBytes: z.number().nonnegative(),
  maxFrameBytes: z.number().nonnegative(),
})
export type Capabilities = z.output<typeof capabilitiesSchema>

/** How a link's data connection comes about: one side listens under a one-use token, the other dials it. */
export const linkConnectionSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('listen'), transport }),
  z.strictObject({
    role: z.literal('dial'),
    transport,
    host: z.string().max(255),
    port: z.int().min(1).max(65_535),
    token: z.string().max(64),
  }),
])
export type LinkConnection = z.output<typeof linkConnectionSchema>

/** Where a listening link waits; the host is the one under which the client reached the device. Port 0: only the client can reach it, in its own process. */
export const linkEndpointSchema = z.strictObject({ port: z.int().min(0).max(65_535), token: z.string().max(64) })
export type LinkEndpoint = z.output<typeof linkEndpointSchema>

/** Requests, client to device. */
export const requestSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    id: requestId,
    versions: z.array(z.int().nonnegative()).min(1).max(16),
    client: z.string().max(255),
  }),
  /** Announces a blob; the reply says from which byte on to send it (its length when the device has it). */
  z.strictObject({ type: z.literal('put-blob'), id: requestId, hash, bytes: z.number().int().nonnegative() }),
  z.strictObject({
    type: z.literal('prepare'),
    id: requestId,
    session: sessionId,
    epoch: z.int().nonnegative(),
    program: deviceProgramSchema,
    links: z.record(linkId, linkConnectionSchema),
  }),
  z.strictObject({ type: z.literal('commit'), id: requestId, session: sessionId, epoch: z.int().nonnegative() }),
  z.strictObject({ type: z.literal('abort'), id: requestId, session: sessionId, epoch: z.int().nonnegative() }),
  /** Sources end; what is in flight is finished; the session ends with `session-ended`. */
  z.strictObject({ type: z.literal('stop'), id: requestId, session: sessionId }),
  z.strictObject({
    type: z.literal('subscribe-telemetry'),
    id: requestId,
    session: sessionId,
    intervalMs: z.int().min(50).max(60_000),
  }),
  /** One leg of a four-timestamp exchange; the reply carries the device's receive and send times. */
  z.strictObject({ type: z.literal('clock'), id: requestId }),
  z.strictObject({ type: z.literal('bye'), id: requestId }),
])
export type ControlRequest = z.output<typeof requestSchema>

const stats = z.strictObject({ count: z.number(), p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
export const nodeTelemetrySchema = z.strictObject({
  /** Milliseconds a frame of this node: waiting for inputs and room, computing; encode and transport for links. */
  waitMs: stats,
  computeMs: stats,
  frames: z.number(),
  skipped: z.number(),
})
export const wireTelemetrySchema = z.strictObject({
  frames: z.number(),
  dropped: z.number(),
  queued: z.number(),
  capacity: z.number(),
  /** Bytes on the network, for links; 0 inside a device. */
  bytes: z.number(),
})
export const telemetrySchema = z.strictObject({
  /** Length of the window in milliseconds; counts and percentiles are of this window. */
  windowMs: z.number(),
  nodes: z.record(z.string(), nodeTelemetrySchema),
  wires: z.record(z.string(), wireTelemetrySchema),
})
export type Telemetry = z.output<typeof telemetrySchema>
export type NodeTelemetry = z.output<typeof nodeTelemetrySchema>
export type WireTelemetry = z.output<typeof wireTelemetrySchema>

/** Results of requests, by request type. */
export const replyResultSchemas = {
  hello: z.strictObject({ version: z.int(), capabilities: capabilitiesSchema }),
  'put-blob': z.strictObject({ transfer: z.int().nonnegative(), offset: z.number().int().nonnegative() }),
  prepare: z.strictObject({ endpoints: z.record(linkId, linkEndpointSchema) }),
  commit: z.strictObject({}),
  abort: z.strictObject({}),
  stop: z.strictObject({}),
  'subscribe-telemetry': z.strictObject({}),
  clock: z.strictObject({ receivedAtNs: z.number(), sentAtNs: z.number() }),
  bye: z.strictObject({}),
} as const satisfies Record<ControlRequest['type'], z.ZodType>
export type ReplyResult<T extends ControlRequest['type']> = z.output<(typeof replyResultSchemas)[T]>

/** Messages, device to client: replies and events. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('reply'),
    id: requestId,
    /** Checked against replyResultSchemas by whoever knows what was asked. */
    result: z.unknown().optional(),
    error: wireErrorSchema.optional(),
  }),
  /** A blob transfer is complete and verified, or failed; bytes are sent as binary messages (blobChunk.ts). */
  z.strictObject({ type: z.literal('blob-stored'), transfer: z.int(), hash, error: wireErrorSchema.optional() }),
  z.strictObject({ type: z.literal('telemetry'), session: sessionId, final: z.boolean(), telemetry: telemetrySchema }),
  z.strictObject({
    type: z.literal('log'),
    session: sessionId,
    level: z.enum(['info', 'warning', 'error']),
    node: z.string().max(255).optional(),
    /** Code of the error behind it, where there is one. */
    code: z.string().max(64).optional(),
    message: z.string().max(16_384),
  }),
  /** The session is over: all sources ended and every frame left (no error), or it failed. Its last telemetry came before. */
  z.strictObject({ type: z.literal('session-ended'), session: sessionId, error: wireErrorSchema.optional() }),
])
export type ControlEvent = z.output<typeof eventSchema>
