import type { ModelProto, NodeProto, SparseTensorProto, TensorProto } from 'onnx-buf'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** A network as read from an ONNX file. Weights stay views into the bytes of the file. */
export interface OnnxModel {
  readonly proto: ModelProto
  /** Version of the standard operator set. */
  readonly opset: number
  /** Inputs that a caller gives: graph inputs that are not weights. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Every node behind those whose values it reads; otherwise as in the file. */
  readonly nodes: readonly OnnxNode[]
  /** The node that makes a value; inputs and weights have none. */
  readonly producers: ReadonlyMap<string, OnnxNode>
  readonly weights: ReadonlyMap<string, StoredWeight>
  /** What the file itself says about its values. */
  readonly declared: ReadonlyMap<string, DeclaredValue>
}

export interface OnnxNode {
  readonly proto: NodeProto
  /** Place in `OnnxModel.nodes`. */
  readonly index: number
  /** Values that the node reads, those that its subgraphs (If, Loop, Scan) take from outside included; each once. */
  readonly inputs: readonly string[]
  /** Values that it makes; left-out optional outputs are not in it. */
  readonly outputs: readonly string[]
}

export type StoredWeight =
  | { readonly kind: 'dense'; readonly tensor: TensorProto; readonly bytes: number }
  | { readonly kind: 'sparse'; readonly tensor: SparseTensorProto; readonly bytes: number }

/** A value as a file declares it; either part may be left open. */
export type DeclaredValue = Partial<Pick<TensorSpec, 'dtype' | 'shape'>>
