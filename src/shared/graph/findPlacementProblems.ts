import type { AnalysedGraph, ResolvedNode } from './analyseGraph.ts'
import type { DeviceId, NodeId } from './graph.ts'
import { wirePath } from './inferTypes.ts'
import { insertOnWire } from './insertOnWire.ts'
import type { GraphProblem } from './kindRegistry.ts'
import type { WireEnds } from './portRef.ts'

/** Whether every node has a device that exists, and every wire stays on one device or leaves it through a transport. */
export function findPlacementProblems(analysed: AnalysedGraph): GraphProblem[] {
  const nodes = [...analysed.nodes.values()]
  return [
    ...nodes.flatMap((resolved) => findMissingDevices(analysed, resolved)),
    ...nodes.flatMap((resolved) => findUnplaced(analysed, resolved)),
    ...nodes.flatMap((resolved) => findTransportEnds(analysed, resolved)),
    ...analysed.topology.wires.flatMap((ends) => findCrossing(analysed, ends)),
  ]
}

function findMissingDevices({ graph }: AnalysedGraph, { id, node }: ResolvedNode): GraphProblem[] {
  return (['device', 'from', 'to'] as const).flatMap((field): GraphProblem[] => {
    const device = node[field]
    if (device === undefined || graph.devices[device] !== undefined) return []
    const known = Object.keys(graph.devices).sort().join(', ') || 'none'
    const message = `Node ${id} names device "${device}" in "${field}", but the graph lists ${known}. Add the device or choose another.`
    return [{ code: 'graph.device-missing', severity: 'error', at: `nodes.${id}.${field}`, message }]
  })
}

function findUnplaced({ graph, topology, nodes }: AnalysedGraph, { id, node, kind }: ResolvedNode): GraphProblem[] {
  if (Object.keys(graph.devices).length === 0 || kind === undefined || kind.role === 'transport') return []
  if (node.device !== undefined) return []
  const message = `Node ${id} has no device, but the graph has several places to run. Choose one of ${Object.keys(graph.devices).sort().join(', ')}.`
  const problem = { code: 'graph.node-unplaced', severity: 'error', at: `nodes.${id}`, message } as const
  const neighbours = [
    ...(topology.incoming.get(id) ?? []).map(({ from }) => sendingDevice(nodes.get(from.node))),
    ...(topology.outgoing.get(id) ?? []).map(({ to }) => receivingDevice(nodes.get(to.node))),
  ]
  const device = neighbours.find((each) => each !== undefined)
  if (device === undefined) return [problem]
  return [{ ...problem, fix: { title: `Place ${id} on ${device}`, changes: [{ type: 'place-node', id, device }] } }]
}

/** One finding for a transport, whichever of its ends is wrong; its own wires are then not reported as crossing. */
function findTransportEnds({ graph, topology, nodes }: AnalysedGraph, resolved: ResolvedNode): GraphProblem[] {
  const { id, node, kind } = resolved
  if (kind?.role !== 'transport') return []
  const problem = { code: 'graph.transport-ends', severity: 'error', at: `nodes.${id}` } as const
  const incoming = topology.incoming.get(id) ?? []
  const outgoing = topology.outgoing.get(id) ?? []
  const from = theOnly(incoming.map((ends) => sendingDevice(nodes.get(ends.from.node))))
  const to = theOnly(outgoing.map((ends) => receivingDevice(nodes.get(ends.to.node))))
  const ends = { from: from ?? node.from, to: to ?? node.to }
  const canMend = ends.from !== undefined && ends.to !== undefined && ends.from !== ends.to
  const fix = canMend
    ? {
        fix: {
          title: `Let ${id} lead from ${ends.from} to ${ends.to}`,
          changes: [{ type: 'set-transport-ends', id, from: ends.from, to: ends.to } as const],
        },
      }
    : {}
  if (node.from === undefined || node.to === undefined) {
    const missing = node.from === undefined ? 'from' : 'to'
    return [{ ...problem, message: `Transport ${id} has no "${missing}". Name the two devices it joins.`, ...fix }]
  }
  if (node.from === node.to) {
    const message = `Transport ${id} leads from ${node.from} to itself. Name two devices, or remove the transport.`
    return [{ ...problem, message, ...fix }]
  }
  if (graph.devices[node.from] === undefined || graph.devices[node.to] === undefined) return []
  const before = incoming.find((wire) => isForeign(sendingDevice(nodes.get(wire.from.node)), node.from))
  // Between two transports the wire is the first one's business.
  const isTransport = (other: NodeId) => nodes.get(other)?.kind?.role === 'transport'
  if (before !== undefined && !isTransport(before.from.node)) {
    const device = sendingDevice(nodes.get(before.from.node))
    const message = `Transport ${id} leads from ${node.from} to ${node.to}, but ${before.wire.from} is on ${device}. Set its "from" to that device or move the node.`
    return [{ ...problem, message, ...fix }]
  }
  const after = outgoing.find((wire) => isForeign(receivingDevice(nodes.get(wire.to.node)), node.to))
  if (after === undefined) return []
  const device = receivingDevice(nodes.get(after.to.node))
  const message = `Transport ${id} leads from ${node.from} to ${node.to}, but ${after.wire.to} is on ${device}. Set its "to" to that device or move the node.`
  return [{ ...problem, message, ...fix }]
}

function findCrossing({ graph, registry, resources, nodes }: AnalysedGraph, ends: WireEnds): GraphProblem[] {
  const sender = nodes.get(ends.from.node)
  const receiver = nodes.get(ends.to.node)
  if (sender?.kind?.role === 'transport' || receiver?.kind?.role === 'transport') return []
  const from = sender?.node.device
  const to = receiver?.node.device
  if (from === undefined || to === undefined || from === to) return []
  // A device that does not exist has been reported as such.
  if (graph.devices[from] === undefined || graph.devices[to] === undefined) return []
  const message = `The wire ${ends.wire.from} -> ${ends.wire.to} leads from ${from} to ${to} without a transport. Insert a transport, or place both nodes on one device.`
  const problem = { code: 'graph.wire-crosses-devices', severity: 'error', at: wirePath(ends), message } as const
  const transport = { kind: 'tcp-transport', from, to, params: {} }
  const changes = insertOnWire(graph, ends.wire, [transport], registry, resources)
  return [changes === undefined ? problem : { ...problem, fix: { title: 'Insert a TCP transport', changes } }]
}

/** The device on which a node's outputs appear. */
function sendingDevice(resolved: ResolvedNode | undefined): DeviceId | undefined {
  return resolved?.kind?.role === 'transport' ? resolved.node.to : resolved?.node.device
}

/** The device on which a node takes its inputs. */
function receivingDevice(resolved: ResolvedNode | undefined): DeviceId | undefined {
  return resolved?.kind?.role === 'transport' ? resolved.node.from : resolved?.node.device
}

function isForeign(device: DeviceId | undefined, own: DeviceId | undefined): boolean {
  return device !== undefined && device !== own
}

function theOnly(devices: readonly (DeviceId | undefined)[]): DeviceId | undefined {
  const known = new Set(devices.filter((device) => device !== undefined))
  return known.size === 1 ? [...known][0] : undefined
}
