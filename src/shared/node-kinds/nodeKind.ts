import type { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { JsonObject } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import type {
  InferenceProblem,
  JoinRule,
  KindRole,
  KindSemantics,
  Numbering,
  PortMap,
  SpecMap,
} from '../graph/kindRegistry.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { NodeContext } from './nodeContext.ts'

export type KindGroup =
  | 'Sources'
  | 'Image'
  | 'Models'
  | 'Codecs'
  | 'Transports'
  | 'Flow'
  | 'Results'
  | 'Sinks'
  | 'Custom'

/** Tensors by port name. */
export type NodeInputs = Readonly<Record<string, Tensor>>
export type NodeOutputs = Readonly<Record<string, Tensor>>

/** Of which frame the inputs are. `source` is the file or device that it came from. */
export interface FrameInfo {
  readonly seq: number
  readonly capturedAtNs: number
  readonly source?: string
}

/**
 * Runs one frame. `undefined` skips it: nothing is emitted and everybody downstream is told not to wait for it.
 * What is not a promise is delivered at once, which keeps a hop between plain nodes within microseconds.
 */
export type FrameExecutor = (
  inputs: NodeInputs,
  frame: FrameInfo,
) => NodeOutputs | undefined | Promise<NodeOutputs | undefined>

/** What a source yields; frame numbers are given by the engine. A `skipped` one is counted and warned about. */
export type SourceFrame =
  | {
      readonly outputs: NodeOutputs
      readonly capturedAtNs?: number
      readonly source?: string
      /** Time spent on making it; the rest of the time since it was asked for then counts as waiting for its turn. */
      readonly computeNs?: number
    }
  | { readonly skipped: AppError; readonly source?: string }

/** What a stream form takes and yields; outputs are numbered afresh. */
export interface StreamFrame extends FrameInfo {
  readonly inputs: NodeInputs
}

/** A blob that a node needs on its device: resolved to content hashes by whoever deploys, sent once. */
export type AssetRequest =
  | {
      readonly type: 'model'
      readonly model: string
      readonly inputs?: readonly string[]
      readonly outputs?: readonly string[]
    }
  | { readonly type: 'calibration'; readonly hash: string }
  | { readonly type: 'labels'; readonly labels: string }
  | { readonly type: 'folder'; readonly path: string; readonly extensions: readonly string[] }

/**
 * Everything about a kind of node: palette entry, default view, inspector form, typing, validation, execution and docs
 * page come from this one value. Exactly one of `execute`, `prepare`, `produce` and `stream` is given; transports and
 * graph inputs/outputs have none because the partitioner replaces them by links.
 */
export interface NodeKind extends KindSemantics {
  readonly version: number
  readonly group: KindGroup
  /** One sentence for the palette and the docs page. */
  readonly summary: string
  readonly params: z.ZodObject
  /** Frames that may be in `execute` at the same time; outputs stay ordered. Default 1. */
  readonly concurrency: number
  assets(params: JsonObject, inputs: SpecMap, resources: GraphResources): Readonly<Record<string, AssetRequest>>
  execute?(inputs: NodeInputs, params: JsonObject, context: NodeContext, frame: FrameInfo): ReturnType<FrameExecutor>
  /** Runs once while the device prepares: loads sessions, tables, labels; refusals surface before anything is committed. */
  prepare?(params: JsonObject, context: NodeContext): Promise<FrameExecutor> | FrameExecutor
  produce?(params: JsonObject, context: NodeContext): AsyncIterable<SourceFrame>
  stream?(frames: AsyncIterable<StreamFrame>, params: JsonObject, context: NodeContext): AsyncIterable<NodeOutputs>
}

/** What an author writes: like NodeKind, with typed params, static ports where they are static, and defaults. */
export interface NodeKindDefinition<Params extends z.ZodObject> {
  readonly id: string
  readonly version: number
  readonly label: string
  readonly group: KindGroup
  readonly summary: string
  readonly role?: KindRole
  readonly params: Params
  readonly inputs: PortMap | ((params: z.output<Params>, resources: GraphResources) => PortMap | undefined)
  readonly outputs: PortMap | ((params: z.output<Params>, resources: GraphResources) => PortMap | undefined)
  readonly join?: JoinRule
  readonly numbering?: Numbering
  readonly concurrency?: number
  inferOutputs(params: z.output<Params>, inputs: SpecMap, resources: GraphResources): InferredOutputs
  assets?(params: z.output<Params>, inputs: SpecMap, resources: GraphResources): Readonly<Record<string, AssetRequest>>
  execute?(
    inputs: NodeInputs,
    params: z.output<Params>,
    context: NodeContext,
    frame: FrameInfo,
  ): ReturnType<FrameExecutor>
  prepare?(params: z.output<Params>, context: NodeContext): Promise<FrameExecutor> | FrameExecutor
  produce?(params: z.output<Params>, context: NodeContext): AsyncIterable<SourceFrame>
  stream?(
    frames: AsyncIterable<StreamFrame>,
    params: z.output<Params>,
    context: NodeContext,
  ): AsyncIterable<NodeOutputs>
}

export type InferredOutputs = SpecMap | InputRefusal

/** Why an input cannot be; returned, not thrown, by a kind's `inferOutputs`. */
export class InputRefusal {
  readonly problem: InferenceProblem

  constructor(problem: InferenceProblem) {
    this.problem = problem
  }
}

/** The refusal of an input port: what it expected, what came, and which adapter node would help. */
export function refuseInput(port: string, message: string, adapter?: InferenceProblem['adapter']): InputRefusal {
  const error = new AppError('graph.type-mismatch', message)
  return new InputRefusal(adapter === undefined ? { error, port } : { error, port, adapter })
}

/** A NodeKind that remembers its id and params in its type: the list of kinds derives GraphNode variants from these. */
export interface DefinedKind<Id extends string, Params extends z.ZodObject> extends NodeKind {
  readonly id: Id
  readonly params: Params
}

export function defineNodeKind<const Id extends string, Params extends z.ZodObject>(
  definition: NodeKindDefinition<Params> & { readonly id: Id },
): DefinedKind<Id, Params> {
  const { id, params: schema, inputs, outputs } = definition
  // Parsed params are z.output<Params>; JsonObject is their erased form outside of the definition.
  const typed = (params: JsonObject) => params as unknown as z.output<Params>
  return {
    // Execution members share their implementation; only params are erased.
    ...(definition as unknown as DefinedKind<Id, Params>),
    role: definition.role ?? 'step',
    join: definition.join ?? 'zip',
    numbering: definition.numbering ?? 'kept',
    concurrency: definition.concurrency ?? 1,
    parseParams: (params): Result<JsonObject> => {
      const parsed = schema.safeParse(params)
      if (parsed.success) return success(parsed.data as unknown as JsonObject)
      const issue = parsed.error.issues[0]
      const path = issue?.path.join('.') ?? ''
      return failure(
        new AppError('graph.params-invalid', `Parameter ${path || '(all)'} of ${id}: ${issue?.message ?? 'invalid'}`, {
          details: { kind: id, path, issues: parsed.error.issues.map(({ path, message }) => ({ path, message })) },
        }),
      )
    },
    inputPorts: (params, resources) => (typeof inputs === 'function' ? inputs(typed(params), resources) : inputs),
    outputPorts: (params, resources) => (typeof outputs === 'function' ? outputs(typed(params), resources) : outputs),
    inferOutputs: (params, specs, resources) => {
      const inferred = definition.inferOutputs(typed(params), specs, resources)
      return inferred instanceof InputRefusal ? failure(inferred.problem) : success(inferred)
    },
    assets: (params, specs, resources) => definition.assets?.(typed(params), specs, resources) ?? {},
  }
}
