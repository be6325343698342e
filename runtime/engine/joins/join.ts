import type { NodeInputs } from '../../../src/shared/node-kinds/nodeKind.ts'
import type { FrameOrigin } from '../../../src/shared/wire/frame.ts'
import type { WireQueue } from '../wireQueue.ts'

/** A wire at the input port that it feeds. */
export interface JoinInput {
  readonly port: string
  readonly wire: WireQueue
}

/** What a node works on at once: tensors that belong together. */
export interface JoinedFrame {
  readonly seq: number
  readonly origin: FrameOrigin
  readonly inputs: NodeInputs
  /** When the first of the inputs arrived. */
  readonly arrivedAtNs: number
}

/** Puts the frames of a node's input wires together (JoinRule). */
export interface Join {
  /** Throws away what can never be complete, and tells whether `take` may be called. Ended is final. */
  poll(): 'ready' | 'waiting' | 'ended'
  take(): JoinedFrame
  /** No joined frame below this number will come any more. */
  readonly bound: number
  /** No more frames are wanted. */
  close(): void
}

export function closeAll(inputs: readonly JoinInput[]): void {
  for (const { wire } of inputs) wire.close()
}
