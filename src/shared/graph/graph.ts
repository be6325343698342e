import type { WirePolicy } from './wirePolicy.ts'

/** JSON as it stands in a file. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }
export type JsonObject = { readonly [key: string]: JsonValue }

/** Letters, digits, "-" and "_", starting with a letter; never a dot, which separates node and port. */
export type NodeId = string
export type DeviceId = string
/** "node.port". The node id ends at the first dot, so a port may be called "block10/add" or "relu.1". */
export type PortRef = string

export type DeviceRole = 'edge' | 'cloud'

/** Fields that a newer or foreign writer added: kept and written back, never interpreted. */
export interface Extras {
  readonly extras?: JsonObject
}

export interface GraphDevice extends Extras {
  readonly role: DeviceRole
  /** "ws://host:port" of its control endpoint, where the file fixes it. */
  readonly address?: string
}

export interface GraphNode extends Extras {
  /** Id of a NodeKind. An id that is not installed makes the node a placeholder: kept as it is, a problem, not run. */
  readonly kind: string
  /** Where it runs; transports have `from` and `to` instead. */
  readonly device?: DeviceId
  readonly from?: DeviceId
  readonly to?: DeviceId
  /** Shown instead of the id. */
  readonly label?: string
  readonly params: JsonObject
}

/** An input port takes at most one wire, so `to` identifies the wire. */
export interface GraphWire extends Extras {
  readonly from: PortRef
  readonly to: PortRef
  /** Absent means 'block'. */
  readonly policy?: WirePolicy
}

/** The document: immutable; edited by applyGraphChange, written by writeGraph, read by parseGraph. */
export interface Graph extends Extras {
  readonly title: string
  readonly description?: string
  readonly devices: Readonly<Record<DeviceId, GraphDevice>>
  readonly nodes: Readonly<Record<NodeId, GraphNode>>
  readonly wires: readonly GraphWire[]
  /** Canvas positions in px, apart from everything that matters to a run. */
  readonly layout: Readonly<Record<NodeId, readonly [x: number, y: number]>>
}

export const graphFormat = 'colliflow.graph'
export const graphVersion = 1
