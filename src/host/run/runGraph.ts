import { createDeferred } from '../../node/deferred.ts'
import { AppError, messageOf, toAppError } from '../../shared/errors/appError.ts'
import { assertNever } from '../../shared/errors/bugError.ts'
import type { DeviceId, NodeId } from '../../shared/graph/graph.ts'
import type { NodeTelemetry, Telemetry, WireTelemetry } from '../../shared/wire/controlMessage.ts'
import { fromWireError } from '../../shared/wire/parseControl.ts'
import { type DeployProgress, deployGraph } from '../deployer/deployGraph.ts'
import { alignClock, type DeviceClock } from '../devices/alignClock.ts'
import type { DeviceEvent } from '../devices/controlClient.ts'
import type { Device } from '../devices/device.ts'
import { type ClientInput, createClientLinks, type OutputFrame } from './clientLinks.ts'
import type { RunPlan } from './planRun.ts'

export type { ClientInput, OutputFrame } from './clientLinks.ts'

export interface RunLog {
  readonly device: DeviceId
  readonly node?: NodeId
  readonly level: 'info' | 'warning' | 'error'
  readonly code?: string
  readonly message: string
}

export interface RunRequest {
  readonly plan: RunPlan
  readonly devices: ReadonlyMap<DeviceId, Device>
  /** Frames for graph-input nodes, by node id. */
  readonly inputs?: Readonly<Record<NodeId, AsyncIterable<ClientInput>>>
  /** Aborting it stops the sources; what is in flight still arrives. */
  readonly signal: AbortSignal
  /** Frames of one output come in order; the next one waits until the promise is resolved. */
  onOutput(frame: OutputFrame): void | Promise<void>
  onLog?(log: RunLog): void
  onProgress?(progress: DeployProgress): void
  onStarted?(): void
}

/** What the devices measured over the whole run. */
export interface RunReport {
  readonly nodes: Readonly<Record<NodeId, NodeTelemetry & { readonly device: DeviceId }>>
  readonly wires: Readonly<Record<string, WireTelemetry>>
}

/** How long a stopped run may take to deliver what is in flight before it is broken off. */
const drainTimeoutMs = 5000

/**
 * Deploys a planned graph to its devices, feeds its inputs, delivers its outputs, and resolves when every device has
 * finished and every output has ended. Rejects with the first error, after the other devices have been told.
 */
export async function runGraph(request: RunRequest): Promise<RunReport> {
  const { plan, devices } = request
  const clocks = new Map<number, DeviceClock>()
  for (const [index, id] of plan.partition.devices.entries()) {
    const device = devices.get(id)
    if (device !== undefined) clocks.set(index, await alignClock(device.control))
  }
  const over = createDeferred<void>()
  const running = new Set<DeviceId>(plan.programs.keys())
  const report: { nodes: Record<NodeId, NodeTelemetry & { device: DeviceId }>; wires: Record<string, WireTelemetry> } =
    {
      nodes: {},
      wires: {},
    }
  let session: string | undefined
  const links = createClientLinks({
    plan,
    devices,
    clocks,
    epoch: 0,
    inputs: request.inputs ?? {},
    onOutput: request.onOutput,
    onAllEnded: finishIfDone,
    onFailure: (error) => fail(placed(plan, error)),
  })

  function finishIfDone(): void {
    if (running.size === 0 && links.allEnded()) over.resolve()
  }

  function fail(error: AppError): void {
    over.reject(error)
  }

  for (const device of devices.values()) {
    device.control.onEvent((event) => {
      if (session === undefined || event.session === session || !('session' in event)) receive(device.id, event)
    })
    void device.control.closed.then((error) => {
      if (running.has(device.id)) fail(error)
    })
  }

  function receive(device: DeviceId, event: DeviceEvent): void {
    switch (event.type) {
      case 'log': {
        const { level, message, node, code } = event
        request.onLog?.({ device, level, message, ...(node && { node }), ...(code && { code }) })
        return
      }
      case 'telemetry':
        if (event.final) addTelemetry(report, device, event.telemetry)
        return
      case 'session-ended':
        if (event.error !== undefined) fail(placed(plan, fromWireError(event.error), device))
        running.delete(device)
        finishIfDone()
        return
      default:
        assertNever(event)
    }
  }

  // Attached before anything can fail; the awaits below look at it in time.
  over.promise.catch(() => undefined)
  const stopWatching = { drain: undefined as NodeJS.Timeout | undefined }
  const stop = () => {
    links.endInputs()
    const everywhere = [...devices.values()].map((device) =>
      device.control.request('stop', { session: session ?? '' }).catch((error: unknown) => {
        // It ended by itself in the meantime, because the device before it had been stopped.
        if (error instanceof AppError && error.code === 'device.session-unknown') return
        fail(toAppError(error, 'device.disconnected', 'Stopping failed'))
      }),
    )
    const late = new AppError('run.cancelled', 'Stopped; some frames in flight did not arrive in time.')
    stopWatching.drain = setTimeout(() => fail(late), drainTimeoutMs)
    void Promise.all(everywhere)
  }
  try {
    session = await deployGraph({
      programs: plan.programs,
      devices,
      blobs: plan.blobs,
      epoch: 0,
      signal: request.signal,
      connectClient: (endpoints) => links.connect(endpoints, request.signal),
      ...(request.onProgress && { onProgress: request.onProgress }),
    })
    request.onStarted?.()
    links.start()
    if (request.signal.aborted) stop()
    else request.signal.addEventListener('abort', stop, { once: true })
    await over.promise
    return report
  } catch (error) {
    await abortEverywhere(devices, session)
    throw error
  } finally {
    request.signal.removeEventListener('abort', stop)
    clearTimeout(stopWatching.drain)
    links.close()
  }
}

function addTelemetry(
  report: { nodes: Record<NodeId, NodeTelemetry & { device: DeviceId }>; wires: Record<string, WireTelemetry> },
  device: DeviceId,
  telemetry: Telemetry,
): void {
  for (const [id, node] of Object.entries(telemetry.nodes)) report.nodes[id] = { ...node, device }
  Object.assign(report.wires, telemetry.wires)
}

/** Best effort: the devices also end a session by themselves when a link or the client is gone. */
async function abortEverywhere(devices: ReadonlyMap<DeviceId, Device>, session: string | undefined): Promise<void> {
  if (session === undefined) return
  const aborts = [...devices.values()].map((device) => device.control.request('abort', { session, epoch: 0 }))
  await Promise.allSettled(aborts)
}

/**
 * Says where it happened: on the device of the node that failed, whichever end of a link was the first to tell us, or
 * else on the device that reports it.
 */
function placed({ graph }: RunPlan, error: AppError, reporter?: DeviceId): AppError {
  const { node } = error.details
  const device = (typeof node === 'string' ? graph.nodes[node]?.device : undefined) ?? reporter
  if (device === undefined) return error
  return new AppError(error.code, `On ${device}: ${messageOf(error)}`, { details: error.details, cause: error })
}
