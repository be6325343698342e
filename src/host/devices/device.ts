import type { DeviceId } from '../../shared/graph/graph.ts'
import type { Capabilities, LinkEndpoint } from '../../shared/wire/controlMessage.ts'
import type { FrameSocket } from '../../shared/wire/frameSocket.ts'
import type { ControlClient } from './controlClient.ts'

/** A connected device: its control connection, what it said it can do, and the way to its data port. */
export interface Device {
  readonly id: DeviceId
  /** For people: "phone (this computer)", "server at ws://10.0.0.5:5678". */
  readonly name: string
  readonly capabilities: Capabilities
  readonly control: ControlClient
  /** Under which other devices reach its data port; undefined when only this process can. */
  readonly host: string | undefined
  /** Opens the client's end of a link that the device listens on. */
  openDataSocket(endpoint: LinkEndpoint, signal: AbortSignal): Promise<FrameSocket>
  /** Ends the connection, and the process where we started it. */
  close(): Promise<void>
}
