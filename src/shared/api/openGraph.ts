import { AppError } from '../errors/appError.ts'
import { unwrap } from '../errors/result.ts'
import type { Graph, NodeId } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import { formatPortRef } from '../graph/portRef.ts'
import { topologicalOrder } from '../graph/topology.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { ModelParts, OutputPart } from './buildGraph.ts'
import { callKind } from './callKind.ts'
import type { SymbolicSink, SymbolicTensor } from './symbolicTensor.ts'

/**
 * A document as the calls that build it again: buildGraph of the result gives the same devices, nodes and wires, as far
 * as they lead to an output or a sink. Fails with `graph.kind-unknown`, `graph.cycle`, `graph.port-missing`, and what
 * callKind finds wrong.
 */
export function openGraph(graph: Graph, kinds: ReadonlyMap<string, NodeKind>, resources: GraphResources): ModelParts {
  const wires = new Map(graph.wires.map((wire) => [wire.to, wire]))
  const tensors = new Map<string, SymbolicTensor>()
  const inputs = new Map<NodeId, SymbolicTensor>()
  const outputs = new Map<NodeId, OutputPart>()
  const sinks: SymbolicSink[] = []
  const tensorAt = (id: NodeId, port: string): SymbolicTensor | undefined => {
    const wire = wires.get(formatPortRef(id, port))
    if (wire === undefined) return undefined
    const tensor = tensors.get(wire.from)
    if (tensor === undefined) {
      throw new AppError(
        'graph.port-missing',
        `The wire ${wire.from} -> ${wire.to} begins at an output that is not there.`,
      )
    }
    return { ...tensor, ...(wire.policy !== undefined && { policy: wire.policy }) }
  }
  for (const id of unwrap(topologicalOrder(graph))) {
    const node = graph.nodes[id]
    const kind = kinds.get(node?.kind ?? '')
    if (node === undefined || kind === undefined) {
      throw new AppError(
        'graph.kind-unknown',
        `Node ${id} has kind "${node?.kind}", which is not installed. Pass it in kinds.`,
      )
    }
    if (kind.role === 'graph-output') {
      const tensor = tensorAt(id, 'value')
      if (tensor !== undefined) outputs.set(id, { tensor, name: id, mayRename: false })
      continue
    }
    const { label, extras } = node
    const ports = kind.inputPorts(unwrap(kind.parseParams(node.params)), resources) ?? {}
    const called = callKind({
      kind,
      params: node.params,
      tensors: Object.keys(ports).flatMap((port) => tensorAt(id, port) ?? []),
      placement: kind.role === 'transport' ? node.to : node.device,
      name: id,
      document: { ...(label !== undefined && { label }), ...(extras !== undefined && { extras }) },
      resources,
    })
    for (const tensor of called.outputs) tensors.set(formatPortRef(id, tensor.port), tensor)
    const [only] = called.outputs
    if (only === undefined) sinks.push({ node: called.node, isSink: true })
    else if (kind.role === 'graph-input') inputs.set(id, only)
  }
  const inDocumentOrder = <T>(found: ReadonlyMap<NodeId, T>): T[] =>
    Object.keys(graph.nodes).flatMap((id) => found.get(id) ?? [])
  return {
    title: graph.title,
    ...(graph.description !== undefined && { description: graph.description }),
    devices: graph.devices,
    inputs: inDocumentOrder(inputs),
    outputs: inDocumentOrder(outputs),
    sinks,
  }
}
