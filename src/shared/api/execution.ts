import type { DeviceId, Graph, NodeId } from '../graph/graph.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** One frame that the caller feeds into a graph input. */
export interface InputFrame {
  readonly tensor: Tensor
  /** File or camera, given back with the result. */
  readonly source?: string
}

/** One result of a running graph. */
export interface OutputFrame {
  /** Number of the frame; a gap means that the numbers between were skipped. */
  readonly seq: number
  readonly source?: string
  readonly tensor: Tensor
  /** From capture to arrival at the caller, milliseconds. */
  readonly latencyMs: number
  /** Bytes that the frame has put on links between devices; 0 for a graph that runs in one place. */
  readonly wireBytes: number
}

/** What it takes to run a model. */
export interface GraphRequest {
  readonly graph: Graph
  /** Kinds of the model's own modules, besides those that every device has. */
  readonly kinds: readonly NodeKind[]
  /** Frames by id of the graph-input node. */
  readonly inputs: Readonly<Record<NodeId, AsyncIterable<InputFrame>>>
  /** Addresses "ws://host:port" by device id; they win over those in the graph. */
  readonly devices?: Readonly<Record<DeviceId, string>>
  /** Aborting it stops the run as `stop` does. */
  readonly signal?: AbortSignal
}

/** A run under way. */
export interface RunHandle {
  /**
   * Results by id of the graph-output node, in the order of the model's outputs. Each can be iterated once; who does
   * not iterate holds the graph back once its buffers are full.
   */
  readonly outputs: Readonly<Record<NodeId, AsyncIterable<OutputFrame>>>
  /** Ends the sources and the feeding; what is in flight still arrives. Resolves when the run is over. */
  stop(): Promise<void>
  /** Resolves when every output has ended, rejects with the AppError that broke the run. */
  readonly done: Promise<void>
}

/** Runs graphs: the seam between this API, which only builds documents, and whoever has devices. */
export interface GraphExecution {
  start(request: GraphRequest): RunHandle
}
