import type { AnalysedGraph } from './analyseGraph.ts'
import { wirePath } from './inferTypes.ts'
import type { GraphProblem, PortMap } from './kindRegistry.ts'
import type { PortAddress, WireEnds } from './portRef.ts'

/** Wires that end nowhere, and inputs with more than one. */
export function findWireProblems(analysed: AnalysedGraph): GraphProblem[] {
  const { wires } = analysed.topology
  return wires.flatMap((ends, index) => [
    ...findEndProblems(analysed, ends, ends.from, 'output'),
    ...findEndProblems(analysed, ends, ends.to, 'input'),
    // Sorted by input: wires into the same input are neighbours.
    ...(wires[index - 1]?.wire.to === ends.wire.to ? [connectedTwice(ends, wires[index - 1])] : []),
  ])
}

function findEndProblems(
  { nodes }: AnalysedGraph,
  ends: WireEnds,
  end: PortAddress,
  side: 'input' | 'output',
): GraphProblem[] {
  const problem = { severity: 'error', at: wirePath(ends) } as const
  const resolved = nodes.get(end.node)
  if (resolved === undefined) {
    const message = `The wire ${ends.wire.from} -> ${ends.wire.to} names node "${end.node}", which does not exist. Remove the wire or add the node.`
    return [{ ...problem, code: 'graph.node-missing', message }]
  }
  const ports = side === 'input' ? resolved.inputPorts : resolved.outputPorts
  if (ports === undefined || Object.hasOwn(ports, end.port)) return []
  const message = `The wire ${ends.wire.from} -> ${ends.wire.to} names ${side} "${end.port}", but node ${end.node} (${resolved.kind?.label}) ${listPorts(ports, side)}.`
  return [{ ...problem, code: 'graph.port-missing', message }]
}

const maxListedPorts = 8

function listPorts(ports: PortMap, side: 'input' | 'output'): string {
  const names = Object.keys(ports)
  if (names.length === 0) return `has no ${side}s`
  const more = names.length > maxListedPorts ? ` and ${names.length - maxListedPorts} more` : ''
  return `has the ${side}s ${names.slice(0, maxListedPorts).join(', ')}${more}`
}

function connectedTwice(ends: WireEnds, other: WireEnds | undefined): GraphProblem {
  const message = `Input ${ends.wire.to} is fed by ${other?.wire.from} and by ${ends.wire.from}, but takes one wire. Remove one, or join both streams in a node before it.`
  return { code: 'graph.input-connected-twice', severity: 'error', at: wirePath(ends), message }
}
