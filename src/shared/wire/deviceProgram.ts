import type { DeviceId, JsonObject, NodeId, PortRef } from '../graph/graph.ts'
import type { SpecMap } from '../graph/kindRegistry.ts'
import type { WirePolicy } from '../graph/wirePolicy.ts'
import type { BlobRef } from '../node-kinds/nodeContext.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** The client that deploys takes part like a device: it feeds graph inputs and receives graph outputs. */
export const clientDevice: DeviceId = '$client'

/** FrameOrigin.device of what the client feeds: its own clock. */
export const clientDeviceIndex = 255

export type LinkTransport = 'tcp' | 'websocket'

/** One device's part of a graph, self-contained: sent in `prepare`, executed by the engine. */
export interface DeviceProgram {
  readonly device: DeviceId
  /** Index of this device in the deployment: FrameOrigin.device of what its sources capture. */
  readonly deviceIndex: number
  readonly nodes: Readonly<Record<NodeId, ProgramNode>>
  /** Wires inside the device. A link's end counts as a node: "link.in" of a sender, "link.out" of a receiver. */
  readonly wires: readonly ProgramWire[]
  readonly links: Readonly<Record<NodeId, ProgramLink>>
}

export interface ProgramNode {
  readonly kind: string
  readonly params: JsonObject
  readonly inputSpecs: SpecMap
  readonly outputSpecs: SpecMap
  readonly assets: Readonly<Record<string, readonly BlobRef[]>>
}

export interface ProgramWire {
  readonly from: PortRef
  readonly to: PortRef
  readonly policy: WirePolicy
}

/** A stream over the border. Its id is that of the transport, graph-input or graph-output node it came from. */
export interface ProgramLink {
  readonly direction: 'send' | 'receive'
  readonly peer: DeviceId
  readonly transport: LinkTransport
  /** What flows, where it is known: interned once when the stream opens, never sent per frame. */
  readonly spec?: TensorSpec
  /** Index of the link in the deployment: LinkBytes.link of its frames. Links to the client have none: they are results. */
  readonly linkIndex?: number
}
