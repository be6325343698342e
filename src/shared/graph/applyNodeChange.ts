import { assertNever } from '../errors/bugError.ts'
import { type AppliedChange, applied, refuse, requireId, requireNode, withOptional } from './appliedChange.ts'
import { createRestorableTest } from './applyWireChange.ts'
import type { DeviceId, Graph, GraphNode, GraphWire, JsonObject, JsonValue, NodeId } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import { findJsonFault } from './jsonFault.ts'
import { formatPortRef, parsePortRef } from './portRef.ts'

type NodeChange = Extract<
  GraphChange,
  {
    type:
      | 'add-node'
      | 'remove-node'
      | 'rename-node'
      | 'set-label'
      | 'set-param'
      | 'place-node'
      | 'set-transport-ends'
      | 'move-node'
  }
>

/** The node changes of applyGraphChange. */
export function applyNodeChange(graph: Graph, change: NodeChange): AppliedChange {
  const { id } = change
  if (change.type === 'add-node') return addNode(graph, id, change.node, change.at)
  const node = requireNode(graph, id)
  switch (change.type) {
    case 'remove-node':
      return removeNode(graph, id, node)
    case 'rename-node':
      return renameNode(graph, id, change.newId)
    case 'set-label':
      return applied(withNode(graph, id, withOptional(node, 'label', change.label)), {
        type: 'set-label',
        id,
        label: node.label,
      })
    case 'set-param':
      return setParam(graph, id, node, change.name, change.value)
    case 'place-node':
      requireDeviceIds(change.device)
      return applied(withNode(graph, id, withOptional(node, 'device', change.device)), {
        type: 'place-node',
        id,
        device: node.device,
      })
    case 'set-transport-ends': {
      requireDeviceIds(change.from, change.to)
      const ended = withOptional(withOptional(node, 'from', change.from), 'to', change.to)
      return applied(withNode(graph, id, ended), { type: 'set-transport-ends', id, from: node.from, to: node.to })
    }
    case 'move-node':
      requirePosition(change.at)
      return applied(
        { ...graph, layout: withEntry(graph.layout, id, change.at) },
        { type: 'move-node', id, at: graph.layout[id] },
      )
    default:
      return assertNever(change)
  }
}

function addNode(graph: Graph, id: NodeId, node: GraphNode, at: readonly [number, number] | undefined): AppliedChange {
  requireId(id, 'node')
  requireJson({ params: node.params, extras: node.extras ?? {} }, `Node "${id}"`)
  requireDeviceIds(node.device, node.from, node.to)
  requirePosition(at)
  if (graph.nodes[id] !== undefined) refuse('graph.node-exists', `Node "${id}" exists already. Choose another id.`)
  const layout = at === undefined ? graph.layout : { ...graph.layout, [id]: at }
  const next = { ...graph, nodes: { ...graph.nodes, [id]: node }, layout }
  return applied(next, isMentioned(graph, id) ? restore(graph) : { type: 'remove-node', id })
}

function removeNode(graph: Graph, id: NodeId, node: GraphNode): AppliedChange {
  const wires: GraphWire[] = []
  const connects: GraphChange[] = []
  const isRestorable = createRestorableTest(graph)
  let exact = true
  for (const [index, wire] of graph.wires.entries()) {
    if (isAt(wire, id)) {
      connects.push({ type: 'connect', wire, index })
      exact &&= isRestorable(wire)
    } else wires.push(wire)
  }
  const { [id]: _removed, ...nodes } = graph.nodes
  const at = graph.layout[id]
  const add: GraphChange = { type: 'add-node', id, node, ...(at === undefined ? {} : { at }) }
  const next = {
    ...graph,
    nodes,
    wires: connects.length === 0 ? graph.wires : wires,
    layout: withEntry(graph.layout, id, undefined),
  }
  if (!exact) return applied(next, restore(graph))
  return applied(next, connects.length === 0 ? add : { type: 'batch', changes: [add, ...connects] })
}

function renameNode(graph: Graph, id: NodeId, newId: NodeId): AppliedChange {
  if (newId === id) return applied(graph, { type: 'rename-node', id, newId })
  requireId(newId, 'node')
  if (graph.nodes[newId] !== undefined) {
    refuse('graph.node-exists', `Node "${id}" cannot be renamed to "${newId}": that node exists. Choose another id.`)
  }
  const renamed = (ref: string) => {
    const { node, port } = parsePortRef(ref)
    return node === id ? formatPortRef(newId, port) : ref
  }
  const rekeyed = <T>(record: Readonly<Record<NodeId, T>>) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key === id ? newId : key, value]))
  const next: Graph = {
    ...graph,
    nodes: rekeyed(graph.nodes),
    wires: graph.wires.map((wire) =>
      isAt(wire, id) ? { ...wire, from: renamed(wire.from), to: renamed(wire.to) } : wire,
    ),
    layout: graph.layout[id] === undefined ? graph.layout : rekeyed(graph.layout),
  }
  return applied(next, isMentioned(graph, newId) ? restore(graph) : { type: 'rename-node', id: newId, newId: id })
}

function setParam(
  graph: Graph,
  id: NodeId,
  node: GraphNode,
  name: string,
  value: JsonValue | undefined,
): AppliedChange {
  if (name === '__proto__') refuse('graph.change-invalid', 'A param cannot be called "__proto__". Choose another name.')
  if (value !== undefined) requireJson(value, `Param "${name}" of node "${id}"`)
  const old = Object.hasOwn(node.params, name) ? node.params[name] : undefined
  const params = withEntry(node.params, name, value)
  return applied(withNode(graph, id, { ...node, params }), { type: 'set-param', id, name, value: old })
}

function requireJson(value: JsonValue | JsonObject, subject: string): void {
  const fault = findJsonFault(value)
  if (fault !== undefined) refuse('graph.change-invalid', `${subject} cannot be saved: ${fault.message}.`)
}

function requireDeviceIds(...ids: readonly (DeviceId | undefined)[]): void {
  for (const id of ids) if (id !== undefined) requireId(id, 'device')
}

function requirePosition(at: readonly [number, number] | undefined): void {
  if (at === undefined || at.every(Number.isFinite)) return
  refuse('graph.change-invalid', `[${at.join(', ')}] is no position: expected two finite numbers.`)
}

function withNode(graph: Graph, id: NodeId, node: GraphNode): Graph {
  return { ...graph, nodes: { ...graph.nodes, [id]: node } }
}

function withEntry<T>(record: Readonly<Record<string, T>>, key: string, value: T | undefined): Record<string, T> {
  const { [key]: _old, ...rest } = record
  return value === undefined ? rest : { ...record, [key]: value }
}

function isAt(wire: GraphWire, id: NodeId): boolean {
  return wire.from.startsWith(`${id}.`) || wire.to.startsWith(`${id}.`)
}

/** Files with faults have wires or positions of nodes that do not exist: undoing must not take these along. */
function isMentioned(graph: Graph, id: NodeId): boolean {
  return graph.layout[id] !== undefined || graph.wires.some((wire) => isAt(wire, id))
}

function restore(graph: Graph): GraphChange {
  return { type: 'replace-graph', graph }
}
