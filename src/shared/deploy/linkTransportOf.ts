import { BugError } from '../errors/bugError.ts'
import type { LinkTransport } from '../wire/deviceProgram.ts'

const transports: Readonly<Record<string, LinkTransport>> = {
  'tcp-transport': 'tcp',
  'websocket-transport': 'websocket',
}

/** What a transport node's link runs over. */
export function linkTransportOf(kind: { readonly id: string }): LinkTransport {
  const transport = transports[kind.id]
  if (transport === undefined) throw new BugError(`Transport kind "${kind.id}" has no link`)
  return transport
}
