import { AppError } from '../errors/appError.ts'
import type { DeviceId, Graph, GraphDevice, GraphNode, GraphWire, NodeId } from '../graph/graph.ts'
import { formatPortRef, isGraphId } from '../graph/portRef.ts'
import { graphOutput } from '../node-kinds/graphOutput.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import { customPrefix } from './customKind.ts'
import type { Placement, SymbolicNode, SymbolicSink, SymbolicTensor } from './symbolicTensor.ts'

/** Everything that a model is made of. */
export interface ModelParts {
  readonly title: string
  readonly description?: string
  readonly devices: Readonly<Record<DeviceId, GraphDevice>>
  readonly inputs: readonly SymbolicTensor[]
  /** Outputs by the id that their node is to have. Where `mayRename`, the id may get a number behind it. */
  readonly outputs: readonly OutputPart[]
  readonly sinks: readonly SymbolicSink[]
}

export interface OutputPart {
  readonly tensor: SymbolicTensor
  readonly name: NodeId
  readonly mayRename: boolean
}

export interface BuiltGraph {
  readonly graph: Graph
  readonly inputs: readonly NodeId[]
  readonly outputs: readonly NodeId[]
  /** Kinds that are not in the list of kinds. */
  readonly kinds: readonly NodeKind[]
}

/** The first device of a model that names none, when another device is added by a transport. */
const localDevice: DeviceId = 'local'

/**
 * Walks back from outputs and sinks and writes down every node once: inputs first, then each node behind those it
 * depends on. Fails with `graph.input-unconnected`, `graph.node-exists`, `graph.device-missing`, `graph.change-invalid`.
 */
export function buildGraph(parts: ModelParts): BuiltGraph {
  const nodes = collectNodes(parts)
  checkInputs(parts, nodes)
  const ids = nameNodes(nodes, parts.outputs)
  const places = placeDevices(parts, nodes)
  const kinds = new Map<NodeKind, NodeKind>()
  const graphNodes: Record<NodeId, GraphNode> = {}
  const wires: GraphWire[] = []
  const connect = (tensor: SymbolicTensor, to: string) => {
    const from = formatPortRef(idOf(ids, tensor.node), tensor.port)
    wires.push({ from, to, ...(tensor.policy !== undefined && { policy: tensor.policy }) })
  }
  for (const node of nodes) {
    const id = idOf(ids, node)
    graphNodes[id] = {
      kind: kindId(node.kind, kinds),
      ...placementFields(node, places),
      ...node.document,
      params: node.params,
    }
    for (const [port, tensor] of Object.entries(node.inputs)) connect(tensor, formatPortRef(id, port))
  }
  const outputs = parts.outputs.map((output) => {
    const id = idOf(ids, output)
    graphNodes[id] = {
      kind: graphOutput.id,
      ...deviceField(places.deviceOf(output.tensor.node.placement)),
      params: {},
    }
    connect(output.tensor, formatPortRef(id, 'value'))
    return id
  })
  const { title, description } = parts
  const about = { title, ...(description !== undefined && { description }) }
  return {
    graph: { ...about, devices: places.devices, nodes: graphNodes, wires, layout: {} },
    inputs: parts.inputs.map(({ node }) => idOf(ids, node)),
    outputs,
    kinds: [...kinds.values()],
  }
}

function collectNodes({ inputs, outputs, sinks }: ModelParts): readonly SymbolicNode[] {
  const found = new Set<SymbolicNode>(inputs.map(({ node }) => node))
  // A stack instead of recursion: a chain may be longer than the call stack is deep.
  const stack = [...sinks, ...[...outputs].reverse().map(({ tensor }) => tensor)].map(({ node }) => node)
  const entered = new Set<SymbolicNode>()
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    if (found.has(node) || entered.has(node)) {
      found.add(node)
      stack.pop()
      continue
    }
    entered.add(node)
    const before = [...Object.values(node.inputs), ...(node.keeps ?? [])].map((each) => each.node)
    stack.push(...before.reverse().filter((each) => !found.has(each)))
  }
  return [...found]
}

function checkInputs({ inputs }: ModelParts, nodes: readonly SymbolicNode[]): void {
  const other = inputs.find(({ node }) => node.kind.role !== 'graph-input')
  if (other !== undefined) {
    const message = `The inputs of a model are made by Input(); found the output of ${other.node.kind.label}.`
    throw new AppError('graph.change-invalid', message)
  }
  const listed = new Set(inputs.map(({ node }) => node))
  for (const node of nodes) {
    if (node.kind.role !== 'graph-input' || listed.has(node)) continue
    const name = node.name === undefined ? 'An Input' : `Input ${node.name}`
    const message = `${name} (${JSON.stringify(node.params)}) feeds an output, but is not among the inputs of the model. List it.`
    throw new AppError('graph.input-unconnected', message)
  }
}

type Named = SymbolicNode | OutputPart

/** Names that were asked for first, so that a made one never takes them. */
function nameNodes(nodes: readonly SymbolicNode[], outputs: readonly OutputPart[]): ReadonlyMap<Named, NodeId> {
  const ids = new Map<Named, NodeId>()
  const taken = new Set<NodeId>()
  const named: readonly Named[] = [...nodes, ...outputs]
  for (const each of named) {
    if (each.name === undefined || each.mayRename === true) continue
    if (!isGraphId(each.name)) {
      throw new AppError(
        'graph.change-invalid',
        `"${each.name}" cannot be the name of a node: use letters, digits, "-" and "_".`,
      )
    }
    if (taken.has(each.name)) {
      throw new AppError('graph.node-exists', `Two nodes of the model are named ${each.name}. Rename one.`)
    }
    taken.add(each.name)
    ids.set(each, each.name)
  }
  for (const each of named) {
    if (ids.has(each)) continue
    const id = freeName(each.name ?? nameOfKind('kind' in each ? each.kind.id : ''), taken)
    taken.add(id)
    ids.set(each, id)
  }
  return ids
}

/** "graph-input" is "input", "custom:Invert" is "Invert", all others are called like their kind. */
function nameOfKind(kind: string): string {
  const name = kind
    .replace(customPrefix, '')
    .replace(/^graph-/, '')
    .replaceAll(/[^A-Za-z0-9_-]/g, '_')
  return isGraphId(name) ? name : 'module'
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let count = 2
  while (taken.has(`${name}-${count}`)) count++
  return `${name}-${count}`
}

function idOf(ids: ReadonlyMap<Named, NodeId>, node: Named): NodeId {
  return ids.get(node) ?? ''
}

/** Two modules of one class are two kinds: each has its own state. */
function kindId(kind: NodeKind, kinds: Map<NodeKind, NodeKind>): string {
  if (!kind.id.startsWith(customPrefix)) return kind.id
  const known = kinds.get(kind)
  if (known !== undefined) return known.id
  const id = freeName(kind.id, new Set([...kinds.values()].map((each) => each.id)))
  kinds.set(kind, id === kind.id ? kind : { ...kind, id })
  return id
}

interface Places {
  readonly devices: Readonly<Record<DeviceId, GraphDevice>>
  /** Undefined in a graph without devices. */
  deviceOf(placement: Placement | undefined): DeviceId | undefined
}

/** Devices that the model lists, those that were named by address, and a first one where nodes name none. */
function placeDevices({ devices: listed, inputs, outputs }: ModelParts, nodes: readonly SymbolicNode[]): Places {
  const placements = new Set(
    [...nodes, ...[...inputs, ...outputs.map(({ tensor }) => tensor)].map(({ node }) => node)].map(
      ({ placement }) => placement,
    ),
  )
  const named = [...placements].filter((placement) => placement !== undefined)
  if (named.length === 0 && Object.keys(listed).length === 0) return { devices: {}, deviceOf: () => undefined }
  const devices: Record<DeviceId, GraphDevice> = { ...listed }
  const first = Object.keys(listed).find((id) => listed[id]?.role === 'edge') ?? localDevice
  if (placements.has(undefined) && devices[first] === undefined) devices[first] = { role: 'edge' }
  const byAddress = new Map<Placement, DeviceId>()
  for (const placement of named) {
    if (!isAddress(placement)) {
      if (devices[placement] !== undefined) continue
      const message = `Device ${placement} is not in the model's devices (${Object.keys(listed).join(', ') || 'none'}). Add it.`
      throw new AppError('graph.device-missing', message)
    }
    const known = Object.keys(devices).find((id) => devices[id]?.address === placement)
    const id = known ?? freeName('server', new Set(Object.keys(devices)))
    devices[id] ??= { role: 'cloud', address: placement }
    byAddress.set(placement, id)
  }
  return {
    devices,
    deviceOf: (placement) => (placement === undefined ? first : (byAddress.get(placement) ?? placement)),
  }
}

function isAddress(placement: Placement): boolean {
  return placement.includes('://')
}

function placementFields(node: SymbolicNode, places: Places): Partial<GraphNode> {
  if (node.kind.role !== 'transport') return deviceField(places.deviceOf(node.placement))
  const [input] = Object.values(node.inputs)
  const from = places.deviceOf(input?.node.placement)
  const to = places.deviceOf(node.placement)
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

function deviceField(device: DeviceId | undefined): { device?: DeviceId } {
  return device === undefined ? {} : { device }
}
