import type { Span } from '../../src/shared/profile/span.ts'
import { SpanRing } from './spanRing.ts'

/** Live counts of a node, increased by whoever runs it and read whenever a window closes. */
export interface NodeCounters {
  /** Frames executed, skipped ones included. */
  readonly frames: number
  readonly skipped: number
}

/** Live counts of a wire. */
export interface WireCounters {
  /** Frames offered to the wire, dropped ones included. */
  readonly frames: number
  readonly dropped: number
  /** Frames waiting now. */
  readonly queued: number
  readonly capacity: number
  /** Bytes on the network, headers included, where the wire ends in a link. */
  readonly bytes: number
}

/** What is counted and timed in one run. Nodes and wires are registered once, before the run; spans refer to indices. */
export class TelemetryRecorder {
  readonly nodeIds: string[] = []
  readonly nodes: NodeCounters[] = []
  readonly wireIds: string[] = []
  readonly wires: WireCounters[] = []
  readonly ring: SpanRing
  #onFull: () => void = () => undefined

  /** Memory is 40 bytes a span. */
  constructor(capacitySpans = 8192) {
    this.ring = new SpanRing(capacitySpans, () => {
      this.#onFull()
      this.ring.drain(() => undefined) // without a reader the oldest spans go
    })
  }

  /** `counters` are read as they are whenever a window closes. Returns the index for spans. */
  registerNode(id: string, counters: NodeCounters): number {
    this.nodeIds.push(id)
    return this.nodes.push(counters) - 1
  }

  /** A wire is named by its input, "node.port", which takes no other wire. */
  registerWire(id: string, counters: WireCounters): void {
    this.wireIds.push(id)
    this.wires.push(counters)
  }

  record(node: number, seq: number, type: number, startNs: number, endNs: number): void {
    this.ring.record(node, seq, type, startNs, endNs)
  }

  /** Called whenever the ring is full of unread spans; the one reader drains it. */
  onFull(read: () => void): void {
    this.#onFull = read
  }

  latestSpans(): Span[] {
    return this.ring.latest(this.nodeIds)
  }
}
