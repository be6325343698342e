import { AppError } from '../errors/appError.ts'
import type { ErrorCode } from '../errors/codes.ts'
import type { Graph, GraphNode, NodeId } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import { idRule, isGraphId } from './portRef.ts'

export interface AppliedChange {
  readonly graph: Graph
  readonly inverse: GraphChange
}

export function applied(graph: Graph, inverse: GraphChange): AppliedChange {
  return { graph, inverse }
}

/** Ends a change that cannot be; applyGraphChange turns it into its Result. */
export function refuse(code: ErrorCode, message: string): never {
  throw new AppError(code, message)
}

export function requireId(id: string, what: 'node' | 'device'): void {
  if (!isGraphId(id)) refuse('graph.change-invalid', `"${id}" cannot be the id of a ${what}: ${idRule}.`)
}

export function requireNode(graph: Graph, id: NodeId): GraphNode {
  return graph.nodes[id] ?? refuse('graph.node-missing', `The graph has no node "${id}". Add it first.`)
}

/** `object` with an optional field set, or without it where the value is undefined. */
export function withOptional<T extends object, K extends keyof T>(object: T, key: K, value: T[K] | undefined): T {
  if (value !== undefined) return { ...object, [key]: value }
  const { [key]: _removed, ...rest } = object
  return rest as T // K is optional in T for every caller
}
