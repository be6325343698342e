import { AppError } from '../errors/appError.ts'
import { assertNever, BugError } from '../errors/bugError.ts'
import type { DeviceId, NodeId } from '../graph/graph.ts'
import type { LinkConnection, LinkEndpoint } from '../wire/controlMessage.ts'
import type { LinkPlan, PlannedEnd } from './planLinks.ts'

/**
 * Two-phase deployment as a pure state machine: blobs to all devices, prepare on all (listeners before diallers), the
 * client's own links, commit on all. Whatever fails before the last commit aborts everywhere, so either all devices
 * run the new epoch or none does. Whoever drives it performs the effects and reports their outcomes as events.
 */
export interface Deployment {
  readonly phase: 'idle' | 'uploading' | 'preparing' | 'connecting' | 'committing' | 'running' | 'aborting' | 'failed'
  readonly plan: LinkPlan
  /** Host under which each device's data port is reached. */
  readonly hosts: Readonly<Record<DeviceId, string>>
  /** Devices whose answer the present phase waits for. */
  readonly waiting: ReadonlySet<DeviceId>
  /** Devices that hold something of this epoch and must be told when it is given up. */
  readonly touched: ReadonlySet<DeviceId>
  readonly wave: number
  readonly endpoints: Readonly<Record<DeviceId, Readonly<Record<NodeId, LinkEndpoint>>>>
  readonly error?: AppError
}

export type DeploymentEvent =
  | { readonly type: 'start' }
  | { readonly type: 'uploaded'; readonly device: DeviceId }
  | {
      readonly type: 'prepared'
      readonly device: DeviceId
      readonly endpoints: Readonly<Record<NodeId, LinkEndpoint>>
    }
  | { readonly type: 'client-connected' }
  | { readonly type: 'committed'; readonly device: DeviceId }
  | { readonly type: 'aborted'; readonly device: DeviceId }
  /** A device, the client's own side, or the user says no. */
  | { readonly type: 'failed'; readonly error: AppError; readonly device?: DeviceId }

export type DeploymentEffect =
  | { readonly type: 'upload'; readonly device: DeviceId }
  | { readonly type: 'prepare'; readonly device: DeviceId; readonly links: Readonly<Record<NodeId, LinkConnection>> }
  | { readonly type: 'connect-client' }
  | { readonly type: 'commit'; readonly device: DeviceId }
  | { readonly type: 'abort'; readonly device: DeviceId }
  | { readonly type: 'finish'; readonly error?: AppError }

export interface DeploymentStep {
  readonly next: Deployment
  readonly effects: readonly DeploymentEffect[]
}

export function createDeployment(plan: LinkPlan, hosts: Readonly<Record<DeviceId, string>>): Deployment {
  return { phase: 'idle', plan, hosts, waiting: new Set(), touched: new Set(), wave: 0, endpoints: {} }
}

/** The next state and what must be done now. Events that no longer matter (late answers while aborting) do nothing. */
export function applyDeploymentEvent(state: Deployment, event: DeploymentEvent): DeploymentStep {
  switch (event.type) {
    case 'start':
      return start(state)
    case 'uploaded':
      return whenAllAnswered(state, 'uploading', event.device, (next) => prepareWave(next, 0))
    case 'prepared':
      return prepared(state, event.device, event.endpoints)
    case 'client-connected':
      return state.phase === 'connecting' ? commitAll(state) : unchanged(state)
    case 'committed':
      return whenAllAnswered(state, 'committing', event.device, (next) => ({
        next: { ...next, phase: 'running' },
        effects: [{ type: 'finish' }],
      }))
    case 'aborted':
      return whenAllAnswered(state, 'aborting', event.device, finishFailed)
    case 'failed':
      return fail(state, event.error, event.device)
    default:
      return assertNever(event)
  }
}

function start(state: Deployment): DeploymentStep {
  if (state.phase !== 'idle') throw new BugError(`A deployment starts once, not while ${state.phase}`)
  const devices = allDevices(state)
  return {
    next: { ...state, phase: 'uploading', waiting: new Set(devices) },
    effects: devices.map((device) => ({ type: 'upload', device })),
  }
}

function prepareWave(state: Deployment, wave: number): DeploymentStep {
  const devices = state.plan.waves[wave]
  if (devices === undefined) {
    return { next: { ...state, phase: 'connecting', waiting: new Set() }, effects: [{ type: 'connect-client' }] }
  }
  return {
    next: {
      ...state,
      phase: 'preparing',
      wave,
      waiting: new Set(devices),
      touched: new Set([...state.touched, ...devices]),
    },
    effects: devices.map((device) => ({ type: 'prepare', device, links: linksOf(state, device) })),
  }
}

function prepared(
  state: Deployment,
  device: DeviceId,
  endpoints: Readonly<Record<NodeId, LinkEndpoint>>,
): DeploymentStep {
  if (state.phase !== 'preparing' || !state.waiting.has(device)) return unchanged(state)
  const missing = Object.entries(state.plan.ends.get(device) ?? {}).find(
    ([link, end]) => end.role === 'listen' && endpoints[link] === undefined,
  )
  if (missing !== undefined) {
    const message = `Device ${device} prepared but gave no endpoint for link ${missing[0]}, on which it must listen.`
    return fail(state, new AppError('device.refused', message, { details: { device, link: missing[0] } }), device)
  }
  const withEndpoints = { ...state, endpoints: { ...state.endpoints, [device]: endpoints } }
  return whenAllAnswered(withEndpoints, 'preparing', device, (next) => prepareWave(next, state.wave + 1))
}

function commitAll(state: Deployment): DeploymentStep {
  const devices = allDevices(state)
  return {
    next: { ...state, phase: 'committing', waiting: new Set(devices) },
    // Receivers before the devices that dialled them, so that the first frames find somebody at work; a link holds its
    // frames until credit is granted, so no order would lose any.
    effects: devices.map((device) => ({ type: 'commit', device })),
  }
}

function fail(state: Deployment, error: AppError, device: DeviceId | undefined): DeploymentStep {
  if (state.phase === 'failed' || state.phase === 'running') return unchanged(state)
  if (state.phase === 'aborting') {
    // A device that cannot even abort is gone: its session ends with its connection.
    return device === undefined ? unchanged(state) : whenAllAnswered(state, 'aborting', device, finishFailed)
  }
  const touched = [...state.touched]
  const aborting: Deployment = { ...state, phase: 'aborting', waiting: new Set(touched), error }
  if (touched.length === 0) return finishFailed(aborting)
  return { next: aborting, effects: touched.map((each) => ({ type: 'abort', device: each })) }
}

function finishFailed(state: Deployment): DeploymentStep {
  const finish: DeploymentEffect =
    state.error === undefined ? { type: 'finish' } : { type: 'finish', error: state.error }
  return { next: { ...state, phase: 'failed', touched: new Set(), waiting: new Set() }, effects: [finish] }
}

function whenAllAnswered(
  state: Deployment,
  phase: Deployment['phase'],
  device: DeviceId,
  then: (next: Deployment) => DeploymentStep,
): DeploymentStep {
  if (state.phase !== phase || !state.waiting.has(device)) return unchanged(state)
  const waiting = new Set(state.waiting)
  waiting.delete(device)
  const next = { ...state, waiting }
  return waiting.size === 0 ? then(next) : { next, effects: [] }
}

function linksOf(state: Deployment, device: DeviceId): Record<NodeId, LinkConnection> {
  const ends = Object.entries(state.plan.ends.get(device) ?? {})
  return Object.fromEntries(ends.map(([link, end]) => [link, connectionOf(state, link, end)]))
}

function connectionOf(state: Deployment, link: NodeId, end: PlannedEnd): LinkConnection {
  if (end.role === 'listen') return end
  const endpoint = state.endpoints[end.to]?.[link]
  const host = state.hosts[end.to]
  if (endpoint === undefined || host === undefined)
    throw new BugError(`Link ${link} is dialled before ${end.to} listens`)
  return { role: 'dial', transport: end.transport, host, port: endpoint.port, token: endpoint.token }
}

function allDevices(state: Deployment): DeviceId[] {
  return state.plan.waves.flat()
}

function unchanged(state: Deployment): DeploymentStep {
  return { next: state, effects: [] }
}
