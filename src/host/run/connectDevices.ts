import { join } from 'node:path'
import { AppError } from '../../shared/errors/appError.ts'
import type { DeviceId, Graph } from '../../shared/graph/graph.ts'
import type { Device } from '../devices/device.ts'
import { dialDevice } from '../devices/dialDevice.ts'
import { startEmbeddedDevice } from '../devices/embeddedDevice.ts'
import { userCacheFolder } from '../userCacheFolder.ts'

export interface ConnectRequest {
  readonly graph: Graph
  /** Addresses by device id; they win over those in the graph. Devices with none are embedded. */
  readonly addresses: ReadonlyMap<DeviceId, string>
  readonly outputDir: string
  readonly signal: AbortSignal
}

/** The device that runs a graph which names none. */
export const onlyDevice: DeviceId = 'local'

/**
 * Connects every device of the graph, side by side: the ones with an address are dialled, the others are started on
 * this computer. If one fails the others are closed again.
 */
export async function connectDevices(request: ConnectRequest): Promise<ReadonlyMap<DeviceId, Device>> {
  const listed = Object.entries(request.graph.devices)
  const wanted = listed.length > 0 ? listed : [[onlyDevice, { role: 'edge' as const }] as const]
  const known = new Set(wanted.map(([id]) => id))
  for (const id of request.addresses.keys()) {
    if (known.has(id)) continue
    const message = `--device names ${id}, which is not in the graph. Its devices: ${[...known].join(', ')}.`
    throw new AppError('usage.invalid', message)
  }
  const attempts = await Promise.allSettled(
    wanted.map(([id, device]) => {
      const address = request.addresses.get(id) ?? ('address' in device ? device.address : undefined)
      const { signal } = request
      if (address !== undefined) return dialDevice({ id, address, signal })
      const dataDir = join(userCacheFolder(), 'devices', device.role)
      return startEmbeddedDevice({ id, role: device.role, dataDir, outputDir: request.outputDir, signal })
    }),
  )
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  const connected = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  if (failed === undefined) return new Map(connected.map((device) => [device.id, device]))
  await Promise.all(connected.map((device) => device.close()))
  throw failed.reason
}
