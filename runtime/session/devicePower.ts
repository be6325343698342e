import type {
  Clock,
  CompressionPower,
  ImagePower,
  InferenceSession,
  OutputFiles,
} from '../../src/shared/node-kinds/nodeContext.ts'
import type { NodeKind } from '../../src/shared/node-kinds/nodeKind.ts'
import type { Capabilities, LinkConnection, LinkEndpoint } from '../../src/shared/wire/controlMessage.ts'
import type { ControlSocket } from '../../src/shared/wire/controlSocket.ts'
import type { LinkTransport } from '../../src/shared/wire/deviceProgram.ts'
import type { FrameSocket } from '../../src/shared/wire/frameSocket.ts'
import type { BlobPower } from './blobPower.ts'

/** Everything native that sessions of one device use. One value serves all its connections. */
export interface DevicePower {
  readonly capabilities: Omit<Capabilities, 'kinds' | 'maxBlobBytes'>
  readonly kinds: ReadonlyMap<string, NodeKind>
  readonly limits: DeviceLimits
  readonly clock: Clock
  readonly blobs: BlobPower
  readonly models: ModelPower
  readonly data: DataPower
  readonly images: ImagePower
  readonly compression: CompressionPower
  readonly outputFiles: OutputFiles
  /** A line for whoever watches the device. */
  log(text: string): void
}

export interface DeviceLimits {
  /** Sessions of all clients together. */
  readonly maxSessions: number
  readonly maxNodes: number
  readonly maxLinks: number
  /** Uploads of one connection at the same time. */
  readonly maxTransfers: number
}

export interface ModelPower {
  /**
   * `owner` is the session that asks: runs are shared out fairly between owners. Fails with `model.load-failed`,
   * `model.operator-unsupported` or `device.limit-exceeded`.
   */
  acquire(request: { readonly hash: string; readonly threads: number; readonly owner: object }): Promise<{
    readonly session: InferenceSession
    release(): void
  }>
}

export interface DataPower {
  /** Waits for the one connection that presents the endpoint's token. Fails with `device.port-in-use`. */
  listen(transport: LinkTransport, onSocket: (socket: FrameSocket) => void): Promise<DataListener>
  /** Fails with `device.unreachable` or `wire.token-invalid`. */
  dial(connection: Extract<LinkConnection, { role: 'dial' }>, signal: AbortSignal): Promise<FrameSocket>
}

export interface DataListener {
  readonly endpoint: LinkEndpoint
  /** The token opens nothing any more. */
  cancel(): void
}

/** The device's end of a control connection: it can stop listening while a disk is slower than the network. */
export interface DeviceControlSocket extends ControlSocket {
  pause(): void
  resume(): void
}
