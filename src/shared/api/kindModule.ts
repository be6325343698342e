import type { z } from 'zod'
import type { JsonObject } from '../graph/graph.ts'
import { emptyResources, type GraphResources } from '../graph/graphResources.ts'
import type { DefinedKind, NodeKind } from '../node-kinds/nodeKind.ts'
import { type CalledKind, callKind } from './callKind.ts'
import type { ModuleOptions, SymbolicNode, SymbolicSink, SymbolicTensor } from './symbolicTensor.ts'

/** What calling a module on tensors gives: one tensor, several, or the end of a stream. */
export type ModuleResult = SymbolicTensor | readonly SymbolicTensor[] | SymbolicSink

/** Params come first and may be left out where all have defaults; then name, label and device of the node. */
export type ModuleArguments<Params> =
  Record<never, never> extends Params
    ? [params?: Params, options?: ModuleOptions]
    : [params: Params, options?: ModuleOptions]

/** A function that makes modules of one kind: `Normalize({ preset })` gives what is then called on tensors. */
export type ModuleFactory<Kind extends NodeKind, Call> = (...settings: ModuleArguments<z.input<Kind['params']>>) => Call

/** The module factory of a kind. `Call` is how its modules are called; the compiler takes it on trust (modules.ts). */
export function moduleOf<Call>(): <Id extends string, Params extends z.ZodObject>(
  kind: DefinedKind<Id, Params>,
) => ModuleFactory<DefinedKind<Id, Params>, Call> {
  return (kind) =>
    (...[params, options]) =>
      callerOf(kind, (params ?? {}) as JsonObject, options) as Call // params of documents are JSON
}

/** Like moduleOf, for kinds without inputs: they cannot take the resources from a tensor. */
export function sourceModuleOf<Id extends string, Params extends z.ZodObject, Call>(
  kind: DefinedKind<Id, Params>,
  resources: GraphResources,
): ModuleFactory<DefinedKind<Id, Params>, Call> {
  return (...[params, options]) => callerOf(kind, (params ?? {}) as JsonObject, options, resources) as Call // as in moduleOf
}

export function callerOf(
  kind: NodeKind,
  params: JsonObject,
  options: ModuleOptions | undefined,
  resources?: GraphResources,
): (...tensors: readonly SymbolicTensor[]) => ModuleResult {
  return (...tensors) =>
    resultOf(
      callKind({
        kind,
        params: withInputCount(kind, params, tensors.length),
        tensors,
        resources: resources ?? tensors[0]?.node.resources ?? emptyResources,
        ...nodeOptions(options),
      }),
    )
}

/** Name, label and placement as a node has them. */
export function nodeOptions(options: ModuleOptions | undefined): Partial<SymbolicNode> {
  const { name, label, device } = options ?? {}
  return {
    ...(name !== undefined && { name }),
    ...(label !== undefined && { document: { label } }),
    ...(device !== undefined && { placement: device }),
  }
}

function resultOf({ node, outputs }: CalledKind): ModuleResult {
  const [only] = outputs
  if (only === undefined) return { node, isSink: true }
  return outputs.length === 1 ? only : outputs
}

/** Joins have a param for how many streams they join; called on tensors, these are counted. */
function withInputCount(kind: NodeKind, params: JsonObject, count: number): JsonObject {
  const hasCount = kind.join !== 'zip' || kind.id === 'zip'
  return hasCount && params.inputs === undefined && count !== 2 ? { ...params, inputs: count } : params
}
