import { BugError } from '../errors/bugError.ts'
import type { GraphWire, NodeId, PortRef } from './graph.ts'

/** One end of a wire, taken apart. */
export interface PortAddress {
  readonly node: NodeId
  readonly port: string
}

/** A wire with both ends taken apart. */
export interface WireEnds {
  readonly wire: GraphWire
  readonly from: PortAddress
  readonly to: PortAddress
}

const maxIdLength = 128
const maxPortLength = 255

/** Rule G4 in words, for messages. */
export const idRule =
  'an id starts with a letter, has only letters, digits, "-" and "_", at most 128 of them, and is not the name of an Object member such as "constructor"'

/** Rule G9 in words, for messages. */
export const portRefRule = 'a wire end is "node.port": a node id, a dot, and a port name of 1 to 255 characters'

const idPattern = /^[A-Za-z][A-Za-z0-9_-]*$/
const controlCharacter = /\p{Cc}/u
const objectMembers: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/**
 * Whether `id` may name a node or a device. Members of Object are refused so that looking an id up in a plain record
 * never finds anything but an entry of the document.
 */
export function isGraphId(id: string): boolean {
  return id.length <= maxIdLength && idPattern.test(id) && !objectMembers.has(id)
}

export function isPortRef(ref: string): boolean {
  const dot = ref.indexOf('.')
  if (dot === -1 || !isGraphId(ref.slice(0, dot))) return false
  const port = ref.slice(dot + 1)
  return port.length > 0 && port.length <= maxPortLength && !controlCharacter.test(port) && port !== '__proto__'
}

/** Takes "node.port" apart at the first dot; the port may have dots of its own. A ref without a dot is a bug. */
export function parsePortRef(ref: PortRef): PortAddress {
  const dot = ref.indexOf('.')
  if (dot === -1) throw new BugError(`"${ref}" is no port reference: ${portRefRule}`)
  return { node: ref.slice(0, dot), port: ref.slice(dot + 1) }
}

export function formatPortRef(node: NodeId, port: string): PortRef {
  return `${node}.${port}`
}
