import { AppError } from '../../src/shared/errors/appError.ts'
import type { NodeId } from '../../src/shared/graph/graph.ts'
import { formatPortRef, type PortAddress, parsePortRef } from '../../src/shared/graph/portRef.ts'
import type { WirePolicy } from '../../src/shared/graph/wirePolicy.ts'
import type { DeviceProgram } from '../../src/shared/wire/deviceProgram.ts'

/** The one port of a link's receiving end, and of its sending end. */
export const linkOutput = 'out'
export const linkInput = 'in'

export interface EngineWire {
  /** The input that it feeds, "node.port": no other wire does. */
  readonly id: string
  readonly from: PortAddress
  readonly to: PortAddress
  readonly policy: WirePolicy
}

/**
 * The wires of a program, checked, because a program comes from another machine: a wire that leads nowhere would lose
 * frames, and a cycle would wait for itself. Throws `graph.node-missing`, `graph.input-connected-twice`,
 * `graph.input-unconnected`, `graph.cycle`.
 */
export function readWires(program: DeviceProgram): EngineWire[] {
  const taken = new Set<string>()
  const wires = program.wires.map(({ from, to, policy }) => {
    if (taken.has(to)) {
      throw new AppError('graph.input-connected-twice', `Two wires of the program for ${program.device} end in ${to}.`)
    }
    taken.add(to)
    return { id: to, from: readEnd(program, from), to: readEnd(program, to), policy }
  })
  for (const [id, { direction }] of Object.entries(program.links)) {
    if (direction === 'receive' || taken.has(formatPortRef(id, linkInput))) continue
    throw new AppError(
      'graph.input-unconnected',
      `Link ${id} of the program for ${program.device} has nothing to send.`,
    )
  }
  refuseCycles(program, wires)
  return wires
}

function readEnd(program: DeviceProgram, ref: string): PortAddress {
  const end = ref.includes('.') ? parsePortRef(ref) : { node: ref, port: '' }
  if (Object.hasOwn(program.nodes, end.node) || Object.hasOwn(program.links, end.node)) return end
  throw new AppError(
    'graph.node-missing',
    `A wire of the program for ${program.device} ends in ${ref}, which it lacks.`,
  )
}

function refuseCycles(program: DeviceProgram, wires: readonly EngineWire[]): void {
  const waitsFor = new Map<NodeId, number>()
  for (const { to } of wires) waitsFor.set(to.node, (waitsFor.get(to.node) ?? 0) + 1)
  const next = new Map<NodeId, NodeId[]>()
  for (const { from, to } of wires) {
    const behind = next.get(from.node)
    if (behind === undefined) next.set(from.node, [to.node])
    else behind.push(to.node)
  }
  const all = [...Object.keys(program.nodes), ...Object.keys(program.links)]
  const free = all.filter((id) => !waitsFor.has(id))
  for (const id of free) {
    for (const node of next.get(id) ?? []) {
      const left = (waitsFor.get(node) ?? 0) - 1
      waitsFor.set(node, left)
      if (left === 0) free.push(node)
    }
  }
  if (free.length === all.length) return
  const stuck = all.filter((id) => !free.includes(id)).join(', ')
  throw new AppError('graph.cycle', `The wires of the program for ${program.device} form a cycle among ${stuck}.`)
}
