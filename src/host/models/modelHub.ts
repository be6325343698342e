import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { userCacheFolder } from '../../node/userCacheFolder.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { type Catalogue, type CatalogueEntry, findEntry, libraryNameOf, readCatalogue } from './catalogue.ts'
import { type DownloadProgress, download, hashFile } from './download.ts'
import { createModelLibrary, type ModelEntry } from './modelLibrary.ts'

/**
 * Where the ONNX Model Zoo keeps its files since it moved from Git LFS in 2025, under the paths of its hub manifest.
 * COLLIFLOW_HUB_URL names another place, such as a mirror inside a company.
 */
const publicHubUrl = 'https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/'

export interface PullOptions {
  readonly baseUrl?: string
  readonly signal?: AbortSignal
  onProgress?(progress: DownloadProgress): void
  /** Default: the user's cache. */
  readonly cacheFolder?: string
  /** Default: the shipped catalogue. */
  readonly catalogue?: Catalogue
}

/**
 * Fetches a model of the catalogue into the user's cache and adds it under its file's name, e.g. "resnet50-v1-12". A
 * model that is there already is not fetched again, and a part of one is continued. Fails with `model.not-found`,
 * `model.download-failed`, `model.hash-mismatch` (the file is deleted), `run.cancelled`, file.*, and as
 * ModelLibrary.add does.
 */
export async function pullModel(wanted: string, options: PullOptions = {}): Promise<Result<ModelEntry>> {
  const catalogue = options.catalogue === undefined ? await readCatalogue() : success(options.catalogue)
  if (!catalogue.ok) return catalogue
  const found = findEntry(catalogue.value, wanted)
  if (!found.ok) return found
  const entry = found.value
  const name = libraryNameOf(entry)
  const cacheFolder = options.cacheFolder ?? userCacheFolder()
  const library = createModelLibrary({ cacheFolder })
  const present = await library.show(name)
  if (present.ok && present.value.sha256 !== entry.sha256) return failure(nameTaken(name))
  if (present.ok && (await library.load(name)).ok) return present

  const partFile = join(cacheFolder, 'downloads', `${entry.sha256}.part`)
  const url = addressOf(entry, options.baseUrl ?? process.env.COLLIFLOW_HUB_URL ?? publicHubUrl)
  const { signal, onProgress } = options
  const fetched = await download({ url, partFile, totalBytes: entry.bytes, signal, onProgress })
  if (!fetched.ok) return fetched
  const content = await hashFile(partFile)
  if (content.sha256 !== entry.sha256) {
    await rm(partFile, { force: true })
    return failure(mismatch(entry, url, content))
  }
  const added = await library.add(partFile, { ...cardFacts(entry, catalogue.value), name, move: true })
  // A verified file that cannot be used (custom operators, say) would only be refused again.
  if (!added.ok) await rm(partFile, { force: true })
  return added
}

function addressOf({ path }: CatalogueEntry, baseUrl: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`
}

function cardFacts({ name, opset, preset, labels }: CatalogueEntry, { source, licence }: Catalogue) {
  return {
    title: `${name} (ONNX Hub, operator set ${opset})`,
    source,
    licence,
    ...(preset === undefined ? {} : { preset }),
    ...(labels === undefined ? {} : { labels }),
  }
}

function nameTaken(name: string): AppError {
  const message = `Another model was added as ${name}, the name under which this one would be. Remove it or add it under another name first.`
  return new AppError('model.exists', message, { details: { name } })
}

function mismatch(
  { sha256, bytes }: CatalogueEntry,
  url: string,
  found: { readonly sha256: string; readonly bytes: number },
): AppError {
  const message = `What ${url} sent is not the model of the catalogue: expected SHA-256 ${sha256} (${bytes} bytes), found ${found.sha256} (${found.bytes} bytes). It was deleted.`
  return new AppError('model.hash-mismatch', message, { details: { url, expected: sha256, found: found.sha256 } })
}
