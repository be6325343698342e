import { type Span, type SpanType, spanTypes } from '../../src/shared/profile/span.ts'

const fieldsPerSpan = 5

/**
 * The latest spans of a run in one preallocated array: recording is five stores and no allocation. Before a span that
 * nobody has read yet would be overwritten, `onFull` is called, so a reader that drains there misses none.
 */
export class SpanRing {
  readonly #fields: Float64Array
  readonly #capacity: number
  readonly #onFull: () => void
  /** Spans recorded and read so far; positions are these modulo capacity. */
  #written = 0
  #read = 0

  constructor(capacity: number, onFull: () => void) {
    this.#capacity = capacity
    this.#fields = new Float64Array(capacity * fieldsPerSpan)
    this.#onFull = onFull
  }

  /** `node` is an index that the reader understands; `type` an index of spanTypes. */
  record(node: number, seq: number, type: number, startNs: number, endNs: number): void {
    if (this.#written - this.#read === this.#capacity) this.#onFull()
    const at = (this.#written++ % this.#capacity) * fieldsPerSpan
    const fields = this.#fields
    fields[at] = node
    fields[at + 1] = seq
    fields[at + 2] = type
    fields[at + 3] = startNs
    fields[at + 4] = endNs
  }

  /** Visits the spans recorded since the last drain, oldest first. */
  drain(visit: (node: number, type: number, durationNs: number) => void): void {
    const fields = this.#fields
    for (; this.#read < this.#written; this.#read++) {
      const at = (this.#read % this.#capacity) * fieldsPerSpan
      visit(fields[at] ?? 0, fields[at + 2] ?? 0, (fields[at + 4] ?? 0) - (fields[at + 3] ?? 0))
    }
  }

  /** The last `capacity` spans or fewer, oldest first, whether drained or not. */
  latest(nodeIds: readonly string[]): Span[] {
    const spans: Span[] = []
    for (let i = Math.max(0, this.#written - this.#capacity); i < this.#written; i++) {
      const [node = 0, seq = 0, type = 0, startNs = 0, endNs = 0] = this.#fields.subarray(
        (i % this.#capacity) * fieldsPerSpan,
      )
      spans.push({ node: nodeIds[node] ?? String(node), seq, type: typeAt(type), startNs, endNs })
    }
    return spans
  }
}

export const waitSpan = spanTypes.indexOf('wait')
export const computeSpan = spanTypes.indexOf('compute')
export const encodeSpan = spanTypes.indexOf('encode')
export const transportSpan = spanTypes.indexOf('transport')

function typeAt(index: number): SpanType {
  return spanTypes[index] ?? 'compute'
}
