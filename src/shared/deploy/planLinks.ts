import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import type { DeviceId, NodeId } from '../graph/graph.ts'
import type { Capabilities } from '../wire/controlMessage.ts'
import { clientDevice, type DeviceProgram, type LinkTransport } from '../wire/deviceProgram.ts'

/** One device's side of a link before addresses are known. */
export type PlannedEnd =
  | { readonly role: 'listen'; readonly transport: LinkTransport }
  | { readonly role: 'dial'; readonly transport: LinkTransport; readonly to: DeviceId }

export interface LinkPlan {
  readonly ends: ReadonlyMap<DeviceId, Readonly<Record<NodeId, PlannedEnd>>>
  /** Devices in the order of preparation: whoever listens is in an earlier wave than whoever dials it. */
  readonly waves: readonly (readonly DeviceId[])[]
}

export type DeviceFacts = Pick<Capabilities, 'role' | 'listens' | 'dials'>

/**
 * Decides for every link which of its devices listens: the cloud device if it can, else the other, by name where both
 * have one role. The client always dials. Fails with `device.capability-missing` where no side can listen while the
 * other dials, or where the devices would have to wait for each other.
 */
export function planLinks(
  programs: ReadonlyMap<DeviceId, DeviceProgram>,
  devices: ReadonlyMap<DeviceId, DeviceFacts>,
): Result<LinkPlan> {
  const ends = new Map<DeviceId, Record<NodeId, PlannedEnd>>([...programs.keys()].map((device) => [device, {}]))
  const waitsFor = new Map<DeviceId, Set<DeviceId>>([...programs.keys()].map((device) => [device, new Set()]))
  for (const [device, program] of programs) {
    for (const [linkId, link] of Object.entries(program.links)) {
      const own = ends.get(device)
      if (own === undefined || own[linkId] !== undefined) continue
      if (link.peer === clientDevice) {
        own[linkId] = { role: 'listen', transport: link.transport }
        continue
      }
      const listener = chooseListener(device, link.peer, link.transport, devices)
      if (listener === undefined) return failure(noTransport(linkId, link.transport, device, link.peer, devices))
      const dialler = listener === device ? link.peer : device
      const listenerEnds = ends.get(listener)
      const diallerEnds = ends.get(dialler)
      if (listenerEnds === undefined || diallerEnds === undefined) return failure(missingPeer(linkId, link.peer))
      listenerEnds[linkId] = { role: 'listen', transport: link.transport }
      diallerEnds[linkId] = { role: 'dial', transport: link.transport, to: listener }
      waitsFor.get(dialler)?.add(listener)
    }
  }
  const waves = orderByWaiting(waitsFor)
  return waves === undefined ? failure(circularWait(waitsFor)) : success({ ends, waves })
}

function chooseListener(
  a: DeviceId,
  b: DeviceId,
  transport: LinkTransport,
  devices: ReadonlyMap<DeviceId, DeviceFacts>,
): DeviceId | undefined {
  const rank = (device: DeviceId) => (devices.get(device)?.role === 'cloud' ? 0 : 1)
  const [first, second] = rank(a) - rank(b) < 0 || (rank(a) === rank(b) && a < b) ? [a, b] : [b, a]
  const can = (listener: DeviceId, dialler: DeviceId) =>
    devices.get(listener)?.listens.includes(transport) === true &&
    devices.get(dialler)?.dials.includes(transport) === true
  if (can(first, second)) return first
  return can(second, first) ? second : undefined
}

function orderByWaiting(waitsFor: ReadonlyMap<DeviceId, ReadonlySet<DeviceId>>): DeviceId[][] | undefined {
  const waves: DeviceId[][] = []
  const done = new Set<DeviceId>()
  while (done.size < waitsFor.size) {
    const wave = [...waitsFor]
      .filter(([device, others]) => !done.has(device) && [...others].every((other) => done.has(other)))
      .map(([device]) => device)
      .sort()
    if (wave.length === 0) return undefined
    for (const device of wave) done.add(device)
    waves.push(wave)
  }
  return waves
}

function noTransport(
  linkId: NodeId,
  transport: LinkTransport,
  a: DeviceId,
  b: DeviceId,
  devices: ReadonlyMap<DeviceId, DeviceFacts>,
): AppError {
  const describe = (device: DeviceId) => {
    const facts = devices.get(device)
    return `${device} listens on ${list(facts?.listens)} and dials ${list(facts?.dials)}`
  }
  return new AppError(
    'device.capability-missing',
    `Transport ${linkId} joins ${a} and ${b} over ${transport}, but neither can listen while the other dials: ` +
      `${describe(a)}; ${describe(b)}. Use a transport that both have.`,
    { details: { link: linkId, transport, devices: [a, b] } },
  )
}

function list(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? 'nothing' : names.join(', ')
}

function missingPeer(linkId: NodeId, peer: DeviceId): AppError {
  return new AppError('device.missing', `Transport ${linkId} leads to device ${peer}, which runs no part of the graph.`)
}

function circularWait(waitsFor: ReadonlyMap<DeviceId, ReadonlySet<DeviceId>>): AppError {
  return new AppError(
    'device.capability-missing',
    `Devices ${[...waitsFor.keys()].join(', ')} would each have to wait until another listens. ` +
      `Let one of them listen on the transports between them.`,
  )
}
