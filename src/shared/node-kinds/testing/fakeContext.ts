import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { AppError } from '../../errors/appError.ts'
import type { BlobRef, InferenceSession, LogLevel, NodeContext, OutputFile } from '../nodeContext.ts'
import { FakeClock } from './fakeClock.ts'
import { FakeImages } from './fakeImages.ts'

export interface FakeContext extends NodeContext {
  readonly logged: readonly string[]
  /** What sinks have written, by file name; `closed` lists the files that were closed. */
  readonly written: ReadonlyMap<string, Uint8Array>
  readonly closed: readonly string[]
}

export interface FakeContextOptions extends Partial<NodeContext> {
  /** Contents by hash. */
  readonly blobs?: Readonly<Record<string, Uint8Array>>
  readonly sessions?: Readonly<Record<string, InferenceSession>>
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** A device for one node: time and pictures are fakes, files are kept in memory, zstd is the real one. */
export function createFakeContext({ blobs = {}, sessions = {}, ...given }: FakeContextOptions = {}): FakeContext {
  const logged: string[] = []
  const written = new Map<string, Uint8Array>()
  const closed: string[] = []
  return {
    nodeId: 'node',
    inputSpecs: {},
    outputSpecs: {},
    assets: {},
    clock: new FakeClock({ runsFree: true }),
    signal: new AbortController().signal,
    images: new FakeImages(),
    compression: {
      zstdCompress: async (bytes) => new Uint8Array(await compress(bytes)),
      zstdDecompress: async (bytes, maxOutputLength) => new Uint8Array(await decompress(bytes, { maxOutputLength })),
    },
    outputFiles: {
      async open(name): Promise<OutputFile> {
        written.set(name, new Uint8Array())
        return {
          path: name,
          async append(bytes) {
            written.set(name, Uint8Array.of(...(written.get(name) ?? []), ...bytes))
          },
          async close() {
            closed.push(name)
          },
        }
      },
    },
    async readBlob(hash) {
      const blob = blobs[hash]
      if (blob === undefined) throw new AppError('device.blob-missing', `No blob ${hash}.`)
      return blob
    },
    async loadModel(hash) {
      const session = sessions[hash]
      if (session === undefined) throw new AppError('model.load-failed', `No model ${hash}.`)
      return session
    },
    log(level: LogLevel, message: string) {
      logged.push(`${level}: ${message}`)
    },
    ...given,
    logged,
    written,
    closed,
  }
}

/** One blob as an asset: its hash is its name. */
export function blobRef(name: string): BlobRef {
  return { hash: name, bytes: 0, name }
}
