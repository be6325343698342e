import { join } from 'node:path'
import { userCacheFolder } from '../../node/userCacheFolder.ts'
import { AppError } from '../../shared/errors/appError.ts'
import type { DeviceId, Graph, GraphDevice } from '../../shared/graph/graph.ts'
import type { Device } from '../devices/device.ts'
import { dialDevice } from '../devices/dialDevice.ts'
import { startEmbeddedDevice } from '../devices/embeddedDevice.ts'

export interface ConnectRequest {
  readonly graph: Graph
  /** The devices that run something: Partition.devices. */
  readonly needed: readonly DeviceId[]
  /** Addresses by device id; they win over those in the graph. Devices with none are embedded. */
  readonly addresses: ReadonlyMap<DeviceId, string>
  readonly outputDir: string
  readonly signal: AbortSignal
}

/** The device that runs a graph which names none. */
export const onlyDevice: DeviceId = 'local'

/**
 * Connects every device that is needed, side by side: the ones with an address are dialled, the others are started on
 * this computer. If one fails the others are closed again.
 */
export async function connectDevices(request: ConnectRequest): Promise<ReadonlyMap<DeviceId, Device>> {
  const { graph, needed, addresses, signal } = request
  for (const id of addresses.keys()) {
    if (graph.devices[id] !== undefined || needed.includes(id)) continue
    const known = Object.keys(graph.devices).join(', ') || onlyDevice
    throw new AppError('usage.invalid', `--device names ${id}, which is not in the graph. Its devices: ${known}.`)
  }
  const attempts = await Promise.allSettled(
    needed.map((id) => {
      const { role, address: written }: GraphDevice = graph.devices[id] ?? { role: 'edge' }
      const address = addresses.get(id) ?? written
      if (address !== undefined) return dialDevice({ id, address, signal })
      const dataDir = join(userCacheFolder(), 'devices', role)
      return startEmbeddedDevice({ id, role, dataDir, outputDir: request.outputDir, signal })
    }),
  )
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  const connected = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  if (failed === undefined) return new Map(connected.map((device) => [device.id, device]))
  await Promise.all(connected.map((device) => device.close()))
  throw failed.reason
}
