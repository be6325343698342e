/**
 * What a frame did at a node between two moments. A node waits (for its inputs and for room behind it) and computes;
 * a link's sending end waits (for credit), encodes, and its frames are in transport.
 */
export const spanTypes = ['wait', 'compute', 'encode', 'transport'] as const
export type SpanType = (typeof spanTypes)[number]

/** Times are monotonic nanoseconds of the device that recorded it. */
export interface Span {
  readonly node: string
  readonly seq: number
  readonly type: SpanType
  readonly startNs: number
  readonly endNs: number
}
