import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDataPort } from '../src/node/frame-sockets/dataPort.ts'
import { userCacheFolder } from '../src/node/userCacheFolder.ts'
import { AppError, toAppError } from '../src/shared/errors/appError.ts'
import { nodeKinds } from '../src/shared/node-kinds/index.ts'
import type { NodeKind } from '../src/shared/node-kinds/nodeKind.ts'
import type { ControlSocket } from '../src/shared/wire/controlSocket.ts'
import type { FrameSocket } from '../src/shared/wire/frameSocket.ts'
import { createMemoryControlSockets } from '../src/shared/wire/memoryControlSocket.ts'
import { BlobStore } from './adapters/node/blobStore.ts'
import { createDataPower, createMemoryDataPower } from './adapters/node/dataPower.ts'
import { nodeImages } from './adapters/node/images.ts'
import { InferencePool } from './adapters/node/inference/inferencePool.ts'
import { createOutputFiles } from './adapters/node/outputFiles.ts'
import { systemClock } from './adapters/node/systemClock.ts'
import { nodeCompression } from './adapters/node/zstd.ts'
import { type ControlServer, startControlServer } from './server/controlServer.ts'
import { parseDeviceArguments } from './server/deviceArguments.ts'
import { serveControl } from './session/controlConnection.ts'
import type { DataPower, DeviceControlSocket, DeviceLimits, DevicePower } from './session/devicePower.ts'

export { nodeImages } from './adapters/node/images.ts'

export interface NodeDeviceOptions {
  readonly role?: 'edge' | 'cloud'
  /** Shown to people; by default the computer's name. */
  readonly name?: string
  /** Where blobs are kept, in a folder of their own; by default a per-user cache folder. */
  readonly dataDir?: string
  /** Where sinks write; by default the working folder. */
  readonly outputDir?: string
  /** By default the kinds that ColliFlow brings. */
  readonly kinds?: readonly NodeKind[]
  /** Sessions of all clients together; default 64. */
  readonly maxSessions?: number
  /** Threads inside one inference run where the node does not ask for more; default 1. */
  readonly threads?: number
  /** Where what happens is told; default nowhere. */
  readonly log?: (text: string) => void
}

const maxFrameBytes = 64 * 1024 * 1024
const maxBlobBytes = 2 * 1024 ** 3
const blobBudgetBytes = 8 * 1024 ** 3
const maxModels = 32
const idleModelMs = 30_000
const maxConnections = 256
const limits: Omit<DeviceLimits, 'maxSessions'> = { maxNodes: 4096, maxLinks: 256, maxTransfers: 8 }

/** Everything a device is, apart from how clients reach it. */
interface NodeDevice {
  readonly power: DevicePower
  /** Serves one client until it is gone. */
  serve(socket: DeviceControlSocket): void
  /** Ends all sessions and unloads all models. */
  close(): Promise<void>
}

/** Joins the parts of a device that runs in Node. `data` is how its links are connected. */
export function createNodeDevice(options: NodeDeviceOptions, data: DataPower): NodeDevice {
  const { role = 'cloud', dataDir = userCacheFolder(), outputDir = process.cwd(), kinds = nodeKinds } = options
  const blobs = new BlobStore({ folder: join(dataDir, 'blobs'), maxBlobBytes, budgetBytes: blobBudgetBytes })
  const models = new InferencePool({ clock: systemClock, maxModels, idleMs: idleModelMs })
  const power: DevicePower = {
    capabilities: {
      name: options.name ?? hostname(),
      role,
      runtime: `Node ${process.version}, ${process.platform} ${process.arch}`,
      listens: ['tcp', 'websocket'],
      dials: ['tcp', 'websocket'],
      maxFrameBytes,
    },
    kinds: new Map(kinds.map((kind) => [kind.id, kind])),
    limits: { ...limits, maxSessions: options.maxSessions ?? 64 },
    clock: systemClock,
    blobs,
    models: {
      acquire: ({ hash, threads, owner }) =>
        models.acquire({ hash, path: blobs.pathOf(hash), threads: Math.max(threads, options.threads ?? 1), owner }),
    },
    data,
    images: nodeImages,
    compression: nodeCompression,
    outputFiles: createOutputFiles(outputDir),
    log: options.log ?? (() => undefined),
  }
  const state = { sessions: 0 }
  const connections = new Map<DeviceControlSocket, Promise<void>>()
  return {
    power,
    serve(socket) {
      const served = serveControl(socket, power, state).then(() => void connections.delete(socket))
      connections.set(socket, served)
    },
    async close() {
      const all = [...connections]
      for (const [socket] of all) socket.close('the device shuts down')
      await Promise.all(all.map(([, served]) => served))
      await models.close()
    },
  }
}

export interface ServerOptions extends NodeDeviceOptions {
  /** Address to listen on; default loopback, so that only this computer reaches the device. */
  readonly host?: string
  /** Default 5678; 0 picks a free one. */
  readonly port?: number
}

/**
 * A device that clients reach over the network, embeddable in any Node program:
 * `const server = new Server({ port: 0 }); const address = await server.start(); ... await server.stop()`.
 */
export class Server {
  readonly #options: ServerOptions
  #running: { control: ControlServer; stop(): Promise<void> } | undefined

  constructor(options: ServerOptions = {}) {
    this.#options = options
  }

  /** "ws://127.0.0.1:5678" while it runs. */
  get address(): string | undefined {
    return this.#running?.control.address
  }

  /** Resolves with the address. Fails with `device.port-in-use` or `device.unreachable`. */
  async start(): Promise<string> {
    if (this.#running !== undefined) return this.#running.control.address
    const { host = '127.0.0.1', port = 5678 } = this.#options
    const dataPort = createDataPort({ host, clock: systemClock, maxFrameBytes })
    let controlPort = port
    const data = createDataPower(dataPort, () => controlPort, maxFrameBytes)
    const device = createNodeDevice(this.#options, data)
    const control = await startControlServer({
      host,
      port,
      maxConnections,
      onControl: device.serve,
      onDataUpgrade: dataPort.handleUpgrade,
    })
    controlPort = control.port
    this.#running = {
      control,
      async stop() {
        await dataPort.close()
        await device.close()
        await control.close()
      },
    }
    return control.address
  }

  /** Ends every session and closes every connection. */
  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.stop()
  }
}

/** A device inside this process, reached without a network. */
export interface LocalDevice {
  /** The client's end of its control connection. */
  readonly control: ControlSocket
  /** The client's end of a link that listens: the token is in the reply to prepare. Fails with `wire.token-invalid`. */
  openDataSocket(token: string): FrameSocket
  stop(): Promise<void>
}

/** The same device as Server runs, for the functional API and for kinds that exist only in this process. */
export function createLocalDevice(options: NodeDeviceOptions = {}): LocalDevice {
  const dataPort = createDataPort({ clock: systemClock, maxFrameBytes })
  const data = createMemoryDataPower(createDataPower(dataPort, () => 0, maxFrameBytes))
  const device = createNodeDevice({ role: 'edge', name: 'this process', ...options }, data)
  const [control, served] = createMemoryControlSockets()
  device.serve(served)
  return {
    control,
    openDataSocket: data.open,
    async stop() {
      await dataPort.close()
      await device.close()
    },
  }
}

/** A device as a process of its own: says on stdout where it listens, and ends with a signal or with its parent. */
async function runDeviceProcess(args: readonly string[]): Promise<void> {
  const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
  const log = (text: string) => process.stderr.write(`${text}\n`)
  try {
    const { exitWithParent, ...options } = parseDeviceArguments(args)
    const server = new Server({ ...options, log })
    let stopping = false
    const stop = () => {
      if (stopping) return
      stopping = true
      // process.exit, because a network in a worker thread may be in the middle of a frame.
      server.stop().finally(() => process.exit(0))
    }
    // Ctrl+C in a terminal reaches us as well as our parent, which may want its last frames before it lets us go.
    process.on('SIGINT', exitWithParent ? () => undefined : stop)
    process.once('SIGTERM', stop)
    process.once('disconnect', stop)
    if (exitWithParent) process.stdin.on('end', stop).on('close', stop).on('error', stop).resume()
    say({ type: 'listening', address: await server.start(), pid: process.pid })
  } catch (cause) {
    const { code, message } = toAppError(cause, 'internal.bug', 'The device did not start')
    say({ type: 'error', code, message })
    log(`error: ${message}`)
    process.exitCode = cause instanceof AppError && code === 'usage.invalid' ? 2 : 1
    process.stdin.destroy()
  }
}

const script = process.argv[1]
if (script !== undefined && realpathSync.native(script) === realpathSync.native(fileURLToPath(import.meta.url))) {
  await runDeviceProcess(process.argv.slice(2))
}
