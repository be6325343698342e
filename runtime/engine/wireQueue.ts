import { assertNever, BugError } from '../../src/shared/errors/bugError.ts'
import { defaultBlockCapacity, type WirePolicy } from '../../src/shared/graph/wirePolicy.ts'
import type { Frame } from '../../src/shared/wire/frame.ts'
import type { WireCounters } from '../telemetry/recorder.ts'
import type { ReadyList, Wakeable } from './readyList.ts'
import { createSampleGate, type SampleGate } from './sampleGate.ts'

/** Counts the frames that arrive at one node, over all of its wires: the order in which a merge takes them. */
export interface ArrivalCounter {
  next: number
}

/**
 * The frames waiting on one wire, at most `capacity` of them, kept according to the wire's policy.
 *
 * On a lossless wire (block, sample) the sender reserves a slot before it starts on a frame and pushes or releases
 * later; on the others there is always room and something is dropped. All numbers below `bound` are settled: a frame
 * with such a number is waiting, was taken, or will never come.
 */
export class WireQueue implements WireCounters {
  readonly id: string
  readonly capacity: number
  readonly lossless: boolean
  frames = 0
  dropped = 0
  bytes = 0
  readonly #keep: 'newest' | 'oldest'
  readonly #gate: SampleGate | undefined
  readonly #ready: ReadyList
  readonly #producer: Wakeable
  readonly #consumer: Wakeable
  readonly #arrivals: ArrivalCounter
  readonly #tellsEveryTake: boolean
  readonly #frames: (Frame | undefined)[]
  readonly #arrivedAtNs: Float64Array
  readonly #order: Float64Array
  #first = 0
  #length = 0
  #reserved = 0
  #bound = 0
  #ended = false
  #closed = false

  constructor(options: {
    readonly id: string
    readonly policy: WirePolicy
    readonly ready: ReadyList
    readonly producer: Wakeable
    readonly consumer: Wakeable
    readonly arrivals: ArrivalCounter
    /** Wakes the producer whenever a frame is taken, not only when it may be waiting for that: links grant credit. */
    readonly tellsEveryTake?: boolean
  }) {
    const { policy } = options
    this.id = options.id
    this.capacity = capacityOf(policy)
    this.lossless = policy.kind === 'block' || policy.kind === 'sample'
    this.#keep = policy.kind === 'drop-newest' ? 'oldest' : 'newest'
    this.#gate = policy.kind === 'sample' ? createSampleGate(policy.fps) : undefined
    this.#ready = options.ready
    this.#producer = options.producer
    this.#consumer = options.consumer
    this.#arrivals = options.arrivals
    this.#tellsEveryTake = options.tellsEveryTake ?? false
    this.#frames = new Array<Frame | undefined>(this.capacity).fill(undefined)
    this.#arrivedAtNs = new Float64Array(this.capacity)
    this.#order = new Float64Array(this.capacity)
  }

  get queued(): number {
    return this.#length
  }

  /** Whether the receiver wants no more frames: what is pushed is thrown away, uncounted. */
  get closed(): boolean {
    return this.#closed
  }

  get ended(): boolean {
    return this.#ended
  }

  /** No frame will be taken from here any more. */
  get exhausted(): boolean {
    return this.#ended && this.#length === 0
  }

  hasRoom(): boolean {
    return !this.lossless || this.#closed || this.#length + this.#reserved < this.capacity
  }

  reserve(): void {
    this.#reserved++
  }

  /** Gives a reserved slot back, right before the push that it was for, or instead of it. */
  release(): void {
    this.#reserved--
  }

  push(frame: Frame, nowNs: number): void {
    if (this.#closed) return
    this.frames++
    this.#bound = frame.seq + 1
    if (this.#gate !== undefined && !this.#gate.passes(nowNs)) this.dropped++
    else if (this.#length < this.capacity) this.#append(frame, nowNs)
    else if (this.lossless) throw new BugError(`A frame came to the full wire ${this.id}, which does not drop.`)
    else {
      this.dropped++
      if (this.#keep === 'newest') {
        this.#remove()
        this.#append(frame, nowNs)
      }
    }
    this.#ready.wake(this.#consumer)
  }

  /** No frame with a number below `bound` will be pushed any more. */
  advance(bound: number): void {
    if (bound <= this.#bound || this.#closed) return
    this.#bound = bound
    // Who has frames waiting learns more from them than from the bound.
    if (this.#length === 0) this.#ready.wake(this.#consumer)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#ready.wake(this.#consumer)
  }

  /** The receiver wants nothing more from here; waiting frames go. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    while (this.#length > 0) this.#remove()
    this.#ready.wake(this.#producer)
  }

  /** The frame that `take` would give. */
  head(): Frame | undefined {
    return this.#length === 0 ? undefined : this.#frames[this.#first]
  }

  headArrivedAtNs(): number {
    return this.#arrivedAtNs[this.#first] ?? 0
  }

  /** Rank of the waiting frame among all that came to this node; Infinity if none waits. */
  headOrder(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : (this.#order[this.#first] ?? 0)
  }

  /** The lowest number that the next frame from here can have; Infinity when there will be none. */
  lowestNext(): number {
    if (this.#length > 0) return this.#frames[this.#first]?.seq ?? 0
    return this.#ended ? Number.POSITIVE_INFINITY : this.#bound
  }

  take(): Frame {
    const frame = this.#frames[this.#first]
    if (this.#length === 0 || frame === undefined) throw new BugError(`A frame was taken from the empty ${this.id}.`)
    // Only a full wire can hold its sender up.
    const heldUp = this.lossless && this.#length + this.#reserved >= this.capacity
    this.#remove()
    if (heldUp || this.#tellsEveryTake) this.#ready.wake(this.#producer)
    return frame
  }

  #append(frame: Frame, nowNs: number): void {
    const sum = this.#first + this.#length
    const at = sum < this.capacity ? sum : sum - this.capacity
    this.#frames[at] = frame
    this.#arrivedAtNs[at] = nowNs
    this.#order[at] = this.#arrivals.next++
    this.#length++
  }

  #remove(): void {
    this.#frames[this.#first] = undefined
    this.#first = this.#first + 1 === this.capacity ? 0 : this.#first + 1
    this.#length--
  }
}

function capacityOf(policy: WirePolicy): number {
  switch (policy.kind) {
    case 'block':
      return policy.capacity ?? defaultBlockCapacity
    case 'latest':
      return 1
    case 'drop-oldest':
    case 'drop-newest':
      return policy.capacity
    case 'sample':
      return defaultBlockCapacity
    default:
      return assertNever(policy)
  }
}
