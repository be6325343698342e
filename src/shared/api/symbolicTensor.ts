import type { DeviceId, GraphNode, JsonObject } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import type { WirePolicy } from '../graph/wirePolicy.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { DataType } from '../tensor/dataType.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** A dtype as the compiler sees it; 'unknown' where only the run will tell (what a decoder gives back). */
export type SymbolicType = DataType | 'unknown'

declare const symbolicType: unique symbol

/** A tensor that does not exist yet: an output of a node of the graph that is being built. */
export interface TypedTensor<D extends SymbolicType> {
  readonly node: SymbolicNode
  readonly port: string
  /** Absent where it is not known before the graph runs. */
  readonly spec?: TensorSpec
  /** Policy of the wire that leads from here, set by withPolicy. */
  readonly policy?: WirePolicy
  readonly [symbolicType]?: D
}

/**
 * What modules take and give. A union over dtypes, so that `let x: SymbolicTensor = ...` narrows with each assignment
 * and a module that takes another dtype is a compile error.
 */
export type SymbolicTensor<D extends SymbolicType = SymbolicType> = D extends SymbolicType ? TypedTensor<D> : never

/** The end of a stream: what a sink module gives. Listed in `sinks` of the model. */
export interface SymbolicSink {
  readonly node: SymbolicNode
  readonly isSink: true
}

/** Where a node runs: a device of the model by id, or a server by its address "ws://host:port". */
export type Placement = DeviceId

/** One node of a graph that is being built. Immutable: a graph is found by walking back from its outputs. */
export interface SymbolicNode {
  readonly kind: NodeKind
  /** As they will stand in the document, defaults left out. */
  readonly params: JsonObject
  readonly inputs: Readonly<Record<string, SymbolicTensor>>
  /** Undefined is the model's first device. Of a transport: where it leads to. */
  readonly placement: Placement | undefined
  readonly name?: string
  /** The name may get a number behind it when it is taken: nodes of an inlined model. */
  readonly mayRename?: boolean
  /** Label and fields of a document that it was read from. */
  readonly document?: Pick<GraphNode, 'label' | 'extras'>
  /** Sinks that came along with an inlined model. */
  readonly keeps?: readonly SymbolicSink[]
  readonly resources: GraphResources
}

/** What every module takes besides its params. */
export interface ModuleOptions {
  /** Id of the node in the document; made from its kind if absent. */
  readonly name?: string
  /** Shown instead of the name. */
  readonly label?: string
  /** Where it runs; where its inputs arrive if absent. */
  readonly device?: DeviceId
}

/** The same tensor over a wire with another policy than `block`. */
export function withPolicy<T extends SymbolicTensor>(tensor: T, policy: WirePolicy): T {
  return { ...tensor, policy }
}
