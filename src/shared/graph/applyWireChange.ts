import { assertNever } from '../errors/bugError.ts'
import { type AppliedChange, applied, refuse, requireNode, withOptional } from './appliedChange.ts'
import type { Graph, GraphWire, PortRef } from './graph.ts'
import type { GraphChange } from './graphChange.ts'
import { policySchema } from './graphSchema.ts'
import { isPortRef, parsePortRef, portRefRule } from './portRef.ts'
import type { WirePolicy } from './wirePolicy.ts'

type WireChange = Extract<GraphChange, { type: 'connect' | 'disconnect' | 'set-policy' }>

/** The wire changes of applyGraphChange. */
export function applyWireChange(graph: Graph, change: WireChange): AppliedChange {
  switch (change.type) {
    case 'connect':
      return connect(graph, change.wire, change.index ?? graph.wires.length)
    case 'disconnect': {
      const index = indexOfWire(graph, change.to)
      const wire = graph.wires[index] as GraphWire // indexOfWire refuses where there is none
      const next = { ...graph, wires: graph.wires.toSpliced(index, 1) }
      return applied(
        next,
        createRestorableTest(graph)(wire) ? { type: 'connect', wire, index } : { type: 'replace-graph', graph },
      )
    }
    case 'set-policy': {
      const index = indexOfWire(graph, change.to)
      const wire = graph.wires[index] as GraphWire // as above
      requirePolicy(change.policy)
      const next = { ...graph, wires: graph.wires.with(index, withOptional(wire, 'policy', change.policy)) }
      return applied(next, { type: 'set-policy', to: change.to, policy: wire.policy })
    }
    default:
      return assertNever(change)
  }
}

/**
 * Tells whether `connect` would accept a wire again after it is gone. Not so in files with faults: a second wire into
 * one input, or a wire to a node that does not exist. Undoing these takes the whole graph back.
 */
export function createRestorableTest(graph: Graph): (wire: GraphWire) => boolean {
  const seen = new Set<PortRef>()
  const twice = new Set<PortRef>()
  for (const { to } of graph.wires) (seen.has(to) ? twice : seen).add(to)
  const exists = (ref: PortRef) => graph.nodes[parsePortRef(ref).node] !== undefined
  return (wire) => exists(wire.from) && exists(wire.to) && !twice.has(wire.to)
}

function connect(graph: Graph, wire: GraphWire, index: number): AppliedChange {
  for (const ref of [wire.from, wire.to]) {
    if (!isPortRef(ref)) refuse('graph.change-invalid', `"${ref}" cannot be wired: ${portRefRule}.`)
    requireNode(graph, parsePortRef(ref).node)
  }
  requirePolicy(wire.policy)
  const other = graph.wires.find(({ to }) => to === wire.to)
  if (other !== undefined) {
    refuse(
      'graph.input-connected-twice',
      `Input ${wire.to} is fed by ${other.from} already. Disconnect that wire before you connect ${wire.from}.`,
    )
  }
  const wires = graph.wires.toSpliced(index, 0, wire)
  return applied({ ...graph, wires }, { type: 'disconnect', to: wire.to })
}

function requirePolicy(policy: WirePolicy | undefined): void {
  const parsed = policySchema.safeParse(policy)
  if (policy === undefined || parsed.success) return
  const [issue] = parsed.error.issues
  refuse('graph.change-invalid', `Wire policy ${JSON.stringify(policy)}: ${issue?.path.join('.')}: ${issue?.message}.`)
}

function indexOfWire(graph: Graph, to: PortRef): number {
  const index = graph.wires.findIndex((wire) => wire.to === to)
  if (index === -1) refuse('graph.change-invalid', `No wire ends in ${to}, so there is none to change.`)
  return index
}
