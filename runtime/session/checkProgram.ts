import { AppError } from '../../src/shared/errors/appError.ts'
import { unwrap } from '../../src/shared/errors/result.ts'
import type { LinkConnection } from '../../src/shared/wire/controlMessage.ts'
import type { DeviceProgram } from '../../src/shared/wire/deviceProgram.ts'
import type { DevicePower } from './devicePower.ts'

type Facts = Pick<DevicePower, 'capabilities' | 'kinds' | 'limits'>

/**
 * What can be refused before anything is loaded or opened. Fails, thrown, with `device.limit-exceeded`,
 * `device.capability-missing`, `graph.params-invalid` or `device.refused`.
 */
export function checkProgram(
  program: DeviceProgram,
  connections: Readonly<Record<string, LinkConnection>>,
  { capabilities, kinds, limits }: Facts,
): void {
  const nodes = Object.entries(program.nodes)
  const links = Object.entries(program.links)
  checkCount('nodes', nodes.length, limits.maxNodes)
  checkCount('links', links.length, limits.maxLinks)
  for (const [id, { kind: kindId, params }] of nodes) {
    const kind = kinds.get(kindId)
    if (kind === undefined) {
      const message = `Node ${id}: device ${capabilities.name} has no kind ${kindId}. Place the node on another device, or run the same version on both.`
      throw new AppError('device.capability-missing', message, { details: { node: id, kind: kindId } })
    }
    unwrap(kind.parseParams(params))
  }
  for (const [id, { transport }] of links) {
    const connection = connections[id]
    if (connection === undefined || connection.transport !== transport) {
      const found = connection === undefined ? 'nothing' : connection.transport
      const message = `Link ${id}: expected how to connect it over ${transport}, found ${found}.`
      throw new AppError('device.refused', message, { details: { link: id } })
    }
    const can = connection.role === 'listen' ? capabilities.listens : capabilities.dials
    if (!can.includes(transport)) {
      const act = connection.role === 'listen' ? 'listen on' : 'dial'
      const message = `Link ${id}: device ${capabilities.name} cannot ${act} ${transport}.`
      throw new AppError('device.capability-missing', message, { details: { link: id, transport } })
    }
  }
  const stray = Object.keys(connections).find((id) => program.links[id] === undefined)
  if (stray !== undefined) {
    throw new AppError('device.refused', `Link ${stray} is to be connected, but the program has no such link.`)
  }
}

function checkCount(what: string, found: number, most: number): void {
  if (found <= most) return
  const message = `The program has ${found} ${what}; this device takes at most ${most} in one session.`
  throw new AppError('device.limit-exceeded', message, { details: { found, most } })
}
