import { randomUUID } from 'node:crypto'
import { createDeferred } from '../../node/deferred.ts'
import {
  applyDeploymentEvent,
  createDeployment,
  type Deployment,
  type DeploymentEffect,
  type DeploymentEvent,
} from '../../shared/deploy/deployment.ts'
import { planLinks } from '../../shared/deploy/planLinks.ts'
import { AppError, toAppError } from '../../shared/errors/appError.ts'
import { assertNever } from '../../shared/errors/bugError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import type { DeviceId, NodeId } from '../../shared/graph/graph.ts'
import type { LinkEndpoint } from '../../shared/wire/controlMessage.ts'
import type { DeviceProgram } from '../../shared/wire/deviceProgram.ts'
import type { BlobContent } from '../devices/controlClient.ts'
import type { Device } from '../devices/device.ts'

export interface DeployRequest {
  readonly programs: ReadonlyMap<DeviceId, DeviceProgram>
  readonly devices: ReadonlyMap<DeviceId, Device>
  readonly blobs: ReadonlyMap<string, BlobContent>
  readonly epoch: number
  readonly signal: AbortSignal
  /** Opens the client's ends of all links to it; called when every device is prepared, before any is committed. */
  connectClient(endpoints: Readonly<Record<DeviceId, Readonly<Record<NodeId, LinkEndpoint>>>>): Promise<void>
  onProgress?(progress: DeployProgress): void
}

export interface DeployProgress {
  readonly device: DeviceId
  readonly step: 'upload' | 'prepare' | 'commit' | 'abort'
  /** For uploads: bytes of blobs that the device holds, and of all it needs. */
  readonly bytes?: number
  readonly totalBytes?: number
}

/**
 * Performs a two-phase deployment (shared/deploy/deployment.ts) and resolves with the session's id when all devices
 * run it. On failure every device has been told to abort; rejects with the first error.
 */
export async function deployGraph(request: DeployRequest): Promise<string> {
  const session = randomUUID()
  const hosts = Object.fromEntries([...request.devices].map(([id, device]) => [id, device.host ?? '']))
  const capabilities = new Map([...request.devices].map(([id, device]) => [id, device.capabilities]))
  let state: Deployment = createDeployment(unwrap(planLinks(request.programs, capabilities)), hosts)
  const { promise, resolve, reject } = createDeferred<string>()

  function apply(event: DeploymentEvent): void {
    const step = applyDeploymentEvent(state, event)
    state = step.next
    for (const effect of step.effects) {
      if (effect.type === 'finish') {
        if (effect.error === undefined) resolve(session)
        else reject(effect.error)
      } else {
        perform(request, session, effect, state).then(apply, (error: unknown) => apply(failed(effect, error)))
      }
    }
  }

  const cancel = () => apply({ type: 'failed', error: new AppError('run.cancelled', 'The deployment was stopped.') })
  request.signal.addEventListener('abort', cancel, { once: true })
  for (const device of request.devices.values()) {
    void device.control.closed.then((error) => apply({ type: 'failed', device: device.id, error }))
  }
  try {
    apply({ type: 'start' })
    if (request.signal.aborted) cancel()
    return await promise
  } finally {
    request.signal.removeEventListener('abort', cancel)
  }
}

async function perform(
  request: DeployRequest,
  session: string,
  effect: Exclude<DeploymentEffect, { type: 'finish' }>,
  state: Deployment,
): Promise<DeploymentEvent> {
  const { epoch } = request
  if (effect.type === 'connect-client') {
    await request.connectClient(state.endpoints)
    return { type: 'client-connected' }
  }
  const device = request.devices.get(effect.device)
  const program = request.programs.get(effect.device)
  if (device === undefined || program === undefined) throw missing(effect.device)
  const { control } = device
  switch (effect.type) {
    case 'upload':
      await upload(request, device, program)
      return { type: 'uploaded', device: device.id }
    case 'prepare': {
      request.onProgress?.({ device: device.id, step: 'prepare' })
      const { endpoints } = await control.request('prepare', { session, epoch, program, links: effect.links })
      return { type: 'prepared', device: device.id, endpoints }
    }
    case 'commit':
      request.onProgress?.({ device: device.id, step: 'commit' })
      await control.request('commit', { session, epoch })
      return { type: 'committed', device: device.id }
    case 'abort':
      request.onProgress?.({ device: device.id, step: 'abort' })
      await control.request('abort', { session, epoch })
      return { type: 'aborted', device: device.id }
    default:
      return assertNever(effect)
  }
}

async function upload(request: DeployRequest, device: Device, program: DeviceProgram): Promise<void> {
  const refs = Object.values(program.nodes).flatMap((node) => Object.values(node.assets).flat())
  const needed = new Map(refs.map((ref) => [ref.hash, ref.bytes]))
  const totalBytes = [...needed.values()].reduce((sum, bytes) => sum + bytes, 0)
  let settled = 0
  for (const [hash, bytes] of needed) {
    const blob = request.blobs.get(hash)
    if (blob === undefined) throw missing(device.id)
    await device.control.putBlob(blob, (held) =>
      request.onProgress?.({ device: device.id, step: 'upload', bytes: settled + held, totalBytes }),
    )
    settled += bytes
  }
}

function failed(effect: Exclude<DeploymentEffect, { type: 'finish' }>, cause: unknown): DeploymentEvent {
  const error = toAppError(cause, 'device.refused', `Deployment failed at "${effect.type}"`)
  return 'device' in effect ? { type: 'failed', device: effect.device, error } : { type: 'failed', error }
}

function missing(device: DeviceId): AppError {
  return new AppError('device.missing', `The graph places nodes on device ${device}, which is not connected.`)
}
