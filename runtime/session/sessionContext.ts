import { AppError } from '../../src/shared/errors/appError.ts'
import type { LogLevel, NodeContext } from '../../src/shared/node-kinds/nodeContext.ts'
import type { DeviceProgram, ProgramNode } from '../../src/shared/wire/deviceProgram.ts'
import type { DevicePower } from './devicePower.ts'

/** What the nodes of one session hold of the device, and how it is given back. */
export interface SessionContext {
  contextFor(id: string, node: ProgramNode, signal: AbortSignal): NodeContext
  /** Gives back models and blobs; what is acquired later is given back at once. */
  release(): void
}

/** Pins every blob of `program` for the session. Fails with `device.blob-missing`. */
export async function createSessionContext(
  program: DeviceProgram,
  power: DevicePower,
  onLog: (node: string, level: LogLevel, message: string) => void,
): Promise<SessionContext> {
  const releases: (() => void)[] = []
  const owner = {}
  let released = false

  function keep(release: () => void): void {
    if (released) release()
    else releases.push(release)
  }

  function release(): void {
    released = true
    for (const giveBack of releases.splice(0)) giveBack()
  }

  const hashes = new Set(Object.values(program.nodes).flatMap((node) => hashesOf(node)))
  try {
    for (const hash of hashes) keep(await power.blobs.pin(hash))
  } catch (error) {
    release()
    throw error
  }

  return {
    release,
    contextFor(id, node, signal) {
      const own = new Set(hashesOf(node))
      // A node reaches the blobs of its own assets only: hashes are no secret that opens what another client stored.
      const requireOwn = (hash: string) => {
        if (own.has(hash)) return
        throw new AppError(
          'device.blob-missing',
          `Node ${id} asks for blob ${hash.slice(0, 12)}, not among its assets.`,
        )
      }
      return {
        nodeId: id,
        inputSpecs: node.inputSpecs,
        outputSpecs: node.outputSpecs,
        assets: node.assets,
        clock: power.clock,
        signal,
        images: power.images,
        compression: power.compression,
        outputFiles: power.outputFiles,
        readBlob: async (hash) => {
          requireOwn(hash)
          return await power.blobs.read(hash)
        },
        loadModel: async (hash, { threads }) => {
          requireOwn(hash)
          const lease = await power.models.acquire({ hash, threads, owner })
          keep(lease.release)
          return lease.session
        },
        log: (level, message) => onLog(id, level, message),
      }
    },
  }
}

function hashesOf(node: ProgramNode): string[] {
  return Object.values(node.assets).flatMap((refs) => refs.map(({ hash }) => hash))
}
