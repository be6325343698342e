import type { AppError } from '../errors/appError.ts'
import type { Graph, GraphNode, JsonObject, NodeId } from './graph.ts'
import type { GraphResources } from './graphResources.ts'
import type { KindRegistry, KindSemantics, PortMap } from './kindRegistry.ts'
import { createTopology, type Topology } from './topology.ts'

/** A node with what its kind says about it. Without a kind it is a placeholder; without params nothing else is known. */
export interface ResolvedNode {
  readonly id: NodeId
  readonly node: GraphNode
  readonly kind?: KindSemantics
  /** As the kind's schema leaves them. */
  readonly params?: JsonObject
  readonly paramsError?: AppError
  readonly inputPorts?: PortMap
  readonly outputPorts?: PortMap
}

/** Everything that the checks of a graph look at, worked out once for all of them. */
export interface AnalysedGraph {
  readonly graph: Graph
  readonly registry: KindRegistry
  readonly resources: GraphResources
  readonly topology: Topology
  /** By id, sorted. */
  readonly nodes: ReadonlyMap<NodeId, ResolvedNode>
}

export function analyseGraph(graph: Graph, registry: KindRegistry, resources: GraphResources): AnalysedGraph {
  const nodes = new Map<NodeId, ResolvedNode>()
  for (const [id, node] of Object.entries(graph.nodes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    nodes.set(id, resolveNode(id, node, registry, resources))
  }
  return { graph, registry, resources, topology: createTopology(graph), nodes }
}

function resolveNode(id: NodeId, node: GraphNode, registry: KindRegistry, resources: GraphResources): ResolvedNode {
  const kind = registry.get(node.kind)
  if (kind === undefined) return { id, node }
  const params = kind.parseParams(node.params)
  if (!params.ok) return { id, node, kind, paramsError: params.error }
  const inputPorts = kind.inputPorts(params.value, resources)
  const outputPorts = kind.outputPorts(params.value, resources)
  return {
    id,
    node,
    kind,
    params: params.value,
    ...(inputPorts === undefined ? {} : { inputPorts }),
    ...(outputPorts === undefined ? {} : { outputPorts }),
  }
}
