import { AppError } from '../errors/appError.ts'
import { BugError } from '../errors/bugError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { DeviceId, Graph, GraphNode, GraphWire, JsonObject, NodeId } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import type { GraphTypes } from '../graph/inferTypes.ts'
import { formatPortRef, parsePortRef } from '../graph/portRef.ts'
import { compareWires } from '../graph/topology.ts'
import type { AssetRequest, NodeKind } from '../node-kinds/nodeKind.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { clientDevice, type DeviceProgram, type ProgramLink, type ProgramNode } from '../wire/deviceProgram.ts'
import { linkTransportOf } from './linkTransportOf.ts'

export interface Partition {
  /** Devices that run something, sorted: a device's place is its deviceIndex. */
  readonly devices: readonly DeviceId[]
  /** Ids of the transports, sorted: a link's place is its linkIndex. Links to the client have none. */
  readonly links: readonly NodeId[]
  /** Complete except for `assets`, which are left empty. */
  readonly programs: ReadonlyMap<DeviceId, DeviceProgram>
  readonly client: ClientPorts
  /** What each node needs on its device, for whoever deploys to resolve into BlobRefs. Nodes without needs are absent. */
  readonly assetRequests: ReadonlyMap<NodeId, Readonly<Record<string, AssetRequest>>>
}

/** The graph's inputs and outputs as the client sees them; a node's id is the id of its link. */
export interface ClientPorts {
  readonly inputs: Readonly<Record<NodeId, ClientPort>>
  readonly outputs: Readonly<Record<NodeId, ClientPort>>
}

export interface ClientPort {
  readonly device: DeviceId
  readonly spec?: TensorSpec
}

/**
 * Cuts a graph into one self-contained program a device. A transport becomes a sending and a receiving end of one link;
 * graph inputs and outputs become links with the client. In a graph without devices everything runs on
 * `unplacedDevice` ("local" by default). The graph is one in which findProblems finds no error; what would make a wrong
 * program is refused all the same: `graph.kind-unknown`, `graph.params-invalid`, `graph.node-missing`,
 * `graph.node-unplaced`, `graph.device-missing`, `graph.transport-ends`, `graph.wire-crosses-devices`.
 */
export function partition(
  graph: Graph,
  kinds: ReadonlyMap<string, NodeKind>,
  types: GraphTypes,
  resources: GraphResources,
  options: { readonly unplacedDevice?: DeviceId } = {},
): Result<Partition> {
  try {
    const unplacedDevice = Object.keys(graph.devices).length === 0 ? (options.unplacedDevice ?? 'local') : undefined
    return success(cut(graph, kinds, types, resources, unplacedDevice))
  } catch (error) {
    if (error instanceof AppError) return failure(error)
    throw error
  }
}

/** A node where it will run: on one device, or as a link between two. */
type Part =
  | { readonly type: 'node'; readonly device: DeviceId; readonly kind: NodeKind; readonly params: JsonObject }
  | { readonly type: 'transport'; readonly from: DeviceId; readonly to: DeviceId; readonly kind: NodeKind }
  | { readonly type: 'input' | 'output'; readonly device: DeviceId }

interface DraftProgram {
  readonly nodes: Record<NodeId, ProgramNode>
  readonly wires: DeviceProgram['wires'][number][]
  readonly links: Record<NodeId, ProgramLink>
}

function cut(
  graph: Graph,
  kinds: ReadonlyMap<string, NodeKind>,
  types: GraphTypes,
  resources: GraphResources,
  unplacedDevice: DeviceId | undefined,
): Partition {
  const parts = new Map<NodeId, Part>()
  for (const id of Object.keys(graph.nodes).sort()) parts.set(id, toPart(graph, id, kinds, unplacedDevice))
  const devices = [...new Set([...parts.values()].flatMap(devicesOf))].sort()
  const links = [...parts].flatMap(([id, part]) => (part.type === 'transport' ? [id] : []))
  const drafts = new Map<DeviceId, DraftProgram>(devices.map((id) => [id, { nodes: {}, wires: [], links: {} }]))
  const draftOf = (device: DeviceId): DraftProgram => {
    const draft = drafts.get(device)
    if (draft === undefined) throw new BugError(`Device ${device} has no program`)
    return draft
  }
  const client = { inputs: {} as Record<NodeId, ClientPort>, outputs: {} as Record<NodeId, ClientPort> }
  const assetRequests = new Map<NodeId, Readonly<Record<string, AssetRequest>>>()

  for (const [id, part] of parts) {
    const inputs = types.inputs.get(id) ?? {}
    const outputs = types.outputs.get(id) ?? {}
    if (part.type === 'node') {
      const { device, kind, params } = part
      draftOf(device).nodes[id] = { kind: kind.id, params, inputSpecs: inputs, outputSpecs: outputs, assets: {} }
      const requests = kind.assets(params, inputs, resources)
      if (Object.keys(requests).length > 0) assetRequests.set(id, requests)
    } else if (part.type === 'transport') {
      const common = { transport: linkTransportOf(part.kind), ...specField(outputs.out), linkIndex: links.indexOf(id) }
      draftOf(part.from).links[id] = { direction: 'send', peer: part.to, ...common }
      draftOf(part.to).links[id] = { direction: 'receive', peer: part.from, ...common }
    } else {
      const spec = specField(part.type === 'input' ? outputs.value : inputs.value)
      const direction = part.type === 'input' ? 'receive' : 'send'
      draftOf(part.device).links[id] = { direction, peer: clientDevice, transport: 'websocket', ...spec }
      const ports = part.type === 'input' ? client.inputs : client.outputs
      ports[id] = { device: part.device, ...spec }
    }
  }
  for (const wire of [...graph.wires].sort(compareWires)) {
    const { device, from, to } = placeWire(wire, parts)
    draftOf(device).wires.push({ from, to, policy: wire.policy ?? { kind: 'block' } })
  }
  const programs = new Map(
    [...drafts].map(([device, draft], deviceIndex) => [device, { device, deviceIndex, ...draft }]),
  )
  return { devices, links, programs, client, assetRequests }
}

function toPart(
  graph: Graph,
  id: NodeId,
  kinds: ReadonlyMap<string, NodeKind>,
  unplacedDevice: DeviceId | undefined,
): Part {
  const node = graph.nodes[id] as GraphNode // id is one of its keys
  const kind = kinds.get(node.kind)
  if (kind === undefined) {
    const message = `Node ${id} has kind "${node.kind}", which is not installed, so it cannot run. Install the kind or remove the node.`
    throw new AppError('graph.kind-unknown', message, { details: { node: id, kind: node.kind } })
  }
  if (kind.role === 'transport') {
    const { from, to } = node
    if (from === undefined || to === undefined || from === to) {
      const message = `Transport ${id} must name two different devices in "from" and "to"; found ${from ?? 'none'} and ${to ?? 'none'}.`
      throw new AppError('graph.transport-ends', message, { details: { node: id } })
    }
    requireDevice(graph, id, from)
    requireDevice(graph, id, to)
    return { type: 'transport', from, to, kind }
  }
  const device = node.device ?? unplacedDevice
  if (device === undefined) {
    const message = `Node ${id} has no device although the graph lists devices. Place it on one of them.`
    throw new AppError('graph.node-unplaced', message, { details: { node: id } })
  }
  if (node.device !== undefined) requireDevice(graph, id, node.device)
  if (kind.role === 'graph-input') return { type: 'input', device }
  if (kind.role === 'graph-output') return { type: 'output', device }
  const params = kind.parseParams(node.params)
  if (!params.ok) throw params.error
  return { type: 'node', device, kind, params: params.value }
}

function requireDevice(graph: Graph, id: NodeId, device: DeviceId): void {
  if (graph.devices[device] !== undefined) return
  const message = `Node ${id} names device "${device}", which the graph does not list. Add it under devices.`
  throw new AppError('graph.device-missing', message, { details: { node: id, device } })
}

function devicesOf(part: Part): DeviceId[] {
  return part.type === 'transport' ? [part.from, part.to] : [part.device]
}

/** A wire in its device's program: ends at transports and client ports become ends of links. */
function placeWire(wire: GraphWire, parts: ReadonlyMap<NodeId, Part>) {
  const from = parsePortRef(wire.from)
  const to = parsePortRef(wire.to)
  const sender = parts.get(from.node)
  const receiver = parts.get(to.node)
  if (sender === undefined || receiver === undefined) {
    const missing = sender === undefined ? from.node : to.node
    const message = `The wire ${wire.from} -> ${wire.to} names node "${missing}", which does not exist.`
    throw new AppError('graph.node-missing', message, { details: { node: missing } })
  }
  const fromDevice = sender.type === 'transport' ? sender.to : sender.device
  const toDevice = receiver.type === 'transport' ? receiver.from : receiver.device
  if (fromDevice !== toDevice) {
    const message = `The wire ${wire.from} -> ${wire.to} leads from ${fromDevice} to ${toDevice}. Put a transport between these devices on it.`
    throw new AppError('graph.wire-crosses-devices', message, { details: { from: wire.from, to: wire.to } })
  }
  return {
    device: fromDevice,
    from: sender.type === 'node' ? wire.from : formatPortRef(from.node, 'out'),
    to: receiver.type === 'node' ? wire.to : formatPortRef(to.node, 'in'),
  }
}

function specField(spec: TensorSpec | undefined): { spec?: TensorSpec } {
  return spec === undefined ? {} : { spec }
}
