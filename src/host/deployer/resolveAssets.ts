import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { sha256 } from '../../node/sha256.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { assertNever } from '../../shared/errors/bugError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import type { NodeId } from '../../shared/graph/graph.ts'
import type { BlobRef } from '../../shared/node-kinds/nodeContext.ts'
import type { AssetRequest } from '../../shared/node-kinds/nodeKind.ts'
import { extractPart } from '../../shared/onnx/extractPart.ts'
import type { BlobContent } from '../devices/controlClient.ts'
import { readCalibrationText } from '../documents/calibrationFile.ts'
import type { ModelLibrary } from '../models/modelLibrary.ts'

/** Where the things that a graph names are found on the client. */
export interface AssetSources {
  readonly library: ModelLibrary
  /** Folder of the graph file: relative paths and calibrations start here. */
  readonly folder: string
}

export interface ResolvedAssets {
  readonly refs: ReadonlyMap<NodeId, Readonly<Record<string, readonly BlobRef[]>>>
  readonly blobs: ReadonlyMap<string, BlobContent>
}

const maxFolderFiles = 65_536
const maxFolderBytes = 2 * 1024 ** 3

/**
 * Finds everything that the nodes need and gives it content hashes. Model halves are extracted here, so a device gets
 * only its own weights; pictures are listed and hashed but read again only when a device lacks them.
 * Fails with model.*, graph.calibration-missing, model.labels-missing, file.not-found, file.too-large.
 */
export async function resolveAssets(
  requests: ReadonlyMap<NodeId, Readonly<Record<string, AssetRequest>>>,
  sources: AssetSources,
): Promise<ResolvedAssets> {
  const blobs = new Map<string, BlobContent>()
  const refs = new Map<NodeId, Record<string, readonly BlobRef[]>>()
  const add = (blob: BlobContent): void => {
    if (!blobs.has(blob.hash)) blobs.set(blob.hash, blob)
  }
  for (const [node, named] of requests) {
    const own: Record<string, readonly BlobRef[]> = {}
    for (const [name, request] of Object.entries(named)) {
      const found = await resolveAsset(request, sources)
      for (const { content } of found) add(content)
      own[name] = found.map(({ ref }) => ref)
    }
    refs.set(node, own)
  }
  return { refs, blobs }
}

interface FoundBlob {
  readonly ref: BlobRef
  readonly content: BlobContent
}

async function resolveAsset(request: AssetRequest, sources: AssetSources): Promise<readonly FoundBlob[]> {
  switch (request.type) {
    case 'model':
      return [await modelPart(request, sources.library)]
    case 'calibration':
      return [inMemory(new TextEncoder().encode(await readCalibrationText(sources.folder, request.hash)))]
    case 'labels': {
      const set = unwrap(await sources.library.loadLabelSet(request.labels))
      return [inMemory(new TextEncoder().encode(JSON.stringify({ names: set.names })))]
    }
    case 'folder':
      return folderFiles(resolve(sources.folder, request.path), request.extensions)
    default:
      return assertNever(request)
  }
}

async function modelPart(request: Extract<AssetRequest, { type: 'model' }>, library: ModelLibrary): Promise<FoundBlob> {
  const loaded = unwrap(await library.load(request.model))
  const { inputs, outputs } = request
  if (inputs === undefined && outputs === undefined) return inMemory(loaded.bytes)
  const range = { ...(inputs && { inputs }), ...(outputs && { outputs }) }
  return inMemory(unwrap(extractPart(loaded.model, range)))
}

function inMemory(bytes: Uint8Array): FoundBlob {
  const hash = sha256(bytes)
  const ref = { hash, bytes: bytes.byteLength }
  return { ref, content: { ...ref, read: async () => bytes } }
}

async function folderFiles(folder: string, extensions: readonly string[]): Promise<readonly FoundBlob[]> {
  const names = (await listFolder(folder)).filter((name) => extensions.includes(extname(name).slice(1).toLowerCase()))
  if (names.length === 0) {
    const message = `Folder ${folder} holds no file that ends in ${extensions.map((each) => `.${each}`).join(', ')}.`
    throw new AppError('file.not-found', message)
  }
  if (names.length > maxFolderFiles) {
    const message = `Folder ${folder} holds ${names.length} pictures; at most ${maxFolderFiles} can be sent to a device.`
    throw new AppError('file.too-large', message)
  }
  const found: FoundBlob[] = []
  let total = 0
  for (const name of names.sort()) {
    const path = resolve(folder, name)
    const bytes = await readWhole(path)
    total += bytes.byteLength
    if (total > maxFolderBytes) {
      const limit = `${maxFolderBytes / 1024 ** 3} GiB`
      throw new AppError(
        'file.too-large',
        `Folder ${folder} holds more than ${limit} of pictures, the most that is sent.`,
      )
    }
    const ref = { hash: sha256(bytes), bytes: bytes.byteLength, name }
    found.push({ ref, content: { ...ref, read: () => readWhole(path) } })
  }
  return found
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  } catch (error) {
    const found = await stat(folder).catch(() => undefined)
    const why =
      found === undefined
        ? 'does not exist; check the name, or the folder you are in'
        : found.isDirectory()
          ? `cannot be read: ${messageOf(error)}`
          : 'is a file; name the folder that it is in'
    throw new AppError('file.not-found', `Folder ${folder} ${why}.`, { cause: error })
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new AppError('file.unreadable', `File ${path} cannot be read: ${messageOf(error)}.`, { cause: error })
  }
}
