import type { AppError } from '../errors/appError.ts'
import type { Result } from '../errors/result.ts'
import type { DataType } from '../tensor/dataType.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import type { JsonObject } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import type { GraphResources } from './graphResources.ts'

/** One connection point of a node. */
export interface Port {
  readonly label: string
  /** Dtypes that an input takes; absent takes any. */
  readonly accepts?: DataType | readonly DataType[]
  /** What an input wants in full, where it is known (a model's input): checked against the wire with symbols bound. */
  readonly expects?: TensorSpec
  /** An input that may stay without a wire. */
  readonly optional?: boolean
}

export type PortMap = Readonly<Record<string, Port>>

/** Specs by port name; a missing entry is a type not known (yet): nothing is checked against it. */
export type SpecMap = Readonly<Record<string, TensorSpec>>

/**
 * How a node with several inputs puts frames together.
 * - zip: one frame of the same number from each input; a number that one input skipped is skipped.
 * - latest: each frame of the first input, with the newest of the others; skipped until each has one.
 * - merge: frames of all inputs as they arrive, one at a time, with fresh numbers.
 */
export type JoinRule = 'zip' | 'latest' | 'merge'

/**
 * Whether outputs keep the input's frame numbers (one out for one in, or a skip) or start a numbering of their own
 * (batch, merge, sources): a zip is only legal between streams whose numbers correspond.
 */
export type Numbering = 'kept' | 'fresh'

/** What the graph layer needs of a node kind: its face, not its execution. NodeKind in node-kinds/ extends it. */
export interface KindSemantics {
  readonly id: string
  readonly label: string
  readonly role: KindRole
  readonly join: JoinRule
  readonly numbering: Numbering
  /** Params as the kind's schema leaves them (defaults filled in), or `graph.params-invalid` with the path. */
  parseParams(params: JsonObject): Result<JsonObject>
  /** `params` are parsed ones. Undefined where the ports depend on something not found (a missing model). */
  inputPorts(params: JsonObject, resources: GraphResources): PortMap | undefined
  outputPorts(params: JsonObject, resources: GraphResources): PortMap | undefined
  /** Output specs from input specs, or why these inputs cannot be. Missing inputs may give missing outputs. */
  inferOutputs(params: JsonObject, inputs: SpecMap, resources: GraphResources): Result<SpecMap, InferenceProblem>
}

/** Sources start streams, sinks and outputs end them; a transport straddles two devices. */
export type KindRole = 'source' | 'step' | 'sink' | 'transport' | 'graph-input' | 'graph-output'

/** Why a kind refuses its inputs; `port` is the input at fault. */
export interface InferenceProblem {
  readonly error: AppError
  readonly port?: string
  /** Kind of the node that would make the input fit, e.g. 'normalize', with its params. */
  readonly adapter?: { readonly kind: string; readonly params: JsonObject }
}

export interface KindRegistry {
  get(kindId: string): KindSemantics | undefined
  list(): readonly KindSemantics[]
}

/** One finding about a graph. `at` is a path a user can find: "nodes.pack.params.levels", "wires.camera.image -> front.input". */
export interface GraphProblem {
  readonly code: AppError['code']
  readonly severity: 'error' | 'warning'
  readonly at: string
  readonly message: string
  readonly fix?: { readonly title: string; readonly changes: readonly GraphChange[] }
}
