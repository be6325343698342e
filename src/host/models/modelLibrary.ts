import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { AppError } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { closestName } from '../../shared/graph/closestName.ts'
import type { LabelSetSummary, ModelSummary } from '../../shared/graph/graphResources.ts'
import { type CutList, legalCuts } from '../../shared/onnx/legalCuts.ts'
import type { OnnxModel } from '../../shared/onnx/onnxModel.ts'
import { readModel } from '../../shared/onnx/readModel.ts'
import { summariseModel } from '../../shared/onnx/summariseModel.ts'
import { readText } from '../documents/graphFile.ts'
import { importLabels, loadLabelSet } from './labelSets.ts'
import { type ModelCard, modelNameSchema, parseModelCard, writeModelCard } from './modelCard.ts'
import { isIntact, readModelFile, storeModelFile } from './modelFile.ts'
import { cardExtension, fileOfModel, type ModelOrigin, modelFolders, placeOfModel } from './modelPlaces.ts'
import { writeNewFile } from './writeNewFile.ts'

export interface ModelEntry extends ModelCard {
  readonly origin: ModelOrigin
  /** Path of the ONNX file. */
  readonly file: string
}

export interface LoadedModel {
  readonly entry: ModelEntry
  readonly summary: ModelSummary
  readonly model: OnnxModel
  /** The ONNX file; `model` has views into it. */
  readonly bytes: Uint8Array
}

export interface AddOptions {
  /** Default: the name of the file without ".onnx". */
  readonly name?: string
  readonly preset?: string
  /** Id of a label set, or path of a text file with one name a line. */
  readonly labels?: string
  readonly title?: string
  readonly source?: string
  readonly licence?: string
  /** Lets the name change its model. Otherwise that fails with `model.exists`. */
  readonly replace?: boolean
  /** Moves the file into the cache instead of copying it; it has to be on the same disk. */
  readonly move?: boolean
}

/**
 * The models that graphs may name: those shipped in models/ and those added to the user's cache, where a file is stored
 * once by its SHA-256 (`models/<sha256>.onnx`) and each name has a card beside it. An added model goes before a shipped
 * one of the same name.
 */
export interface ModelLibrary {
  /** By name. Cards that cannot be read are left out here and explained by `load`. */
  list(): Promise<readonly ModelEntry[]>
  /** Fails with `model.not-found` or `file.unreadable`. */
  show(name: string): Promise<Result<ModelEntry>>
  /** Reads the file, checks its hash and decodes it, once for each hash. Fails with model.* or file.*. */
  load(name: string): Promise<Result<LoadedModel>>
  cuts(name: string, maxWidth?: number): Promise<Result<CutList>>
  /**
   * Checks an ONNX file and puts it into the cache. Adding the same file again changes at most its card.
   * Fails with file.*, model.* (readModel), `model.exists`, `model.labels-missing` or `usage.invalid` (the name).
   */
  add(file: string, options?: AddOptions): Promise<Result<ModelEntry>>
  /** Names of classes. Fails with `model.labels-missing`. */
  loadLabelSet(id: string): Promise<Result<LabelSetSummary>>
}

/** By default the models of the package and of the user's cache. Reads nothing until it is asked. */
export function createModelLibrary(
  options: { readonly shippedFolder?: string; readonly cacheFolder?: string } = {},
): ModelLibrary {
  const { shipped, cache, cachedModels } = modelFolders(options)
  const labelFolders = [join(cache, 'labels'), join(shipped, 'labels')]
  const decoded = new Map<string, { readonly model: OnnxModel; readonly bytes: Uint8Array }>()

  async function find(name: string): Promise<Result<ModelEntry>> {
    const place = placeOfModel({ shipped, cachedModels }, name)
    if (place !== undefined) return readEntry(place.card, place.origin)
    const names = (await list()).map((entry) => entry.name)
    const close = closestName(name, names)
    const hint = close === undefined ? `There is ${names.join(', ')}.` : `Did you mean ${close}?`
    const message = `No model is named ${name}. ${hint} \`colliflow models add\` and \`pull\` bring more.`
    return failure(new AppError('model.not-found', message, { details: { model: name, names } }))
  }

  async function readEntry(path: string, origin: ModelEntry['origin']): Promise<Result<ModelEntry>> {
    const text = await readText(path)
    if (!text.ok) return text
    const card = parseModelCard(text.value, path)
    if (!card.ok) return card
    const { name, sha256 } = card.value
    return success({ ...card.value, origin, file: fileOfModel({ shipped, cachedModels }, origin, name, sha256) })
  }

  async function list(): Promise<readonly ModelEntry[]> {
    const entries = new Map<string, ModelEntry>()
    for (const [folder, origin] of [[shipped, 'shipped'] as const, [cachedModels, 'added'] as const]) {
      const files = await readdir(folder).catch(() => []) // nothing was added yet
      for (const file of files.filter((each) => each.endsWith(cardExtension))) {
        const entry = await readEntry(join(folder, file), origin)
        if (entry.ok) entries.set(entry.value.name, entry.value)
      }
    }
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async function load(name: string): Promise<Result<LoadedModel>> {
    const found = await find(name)
    if (!found.ok) return found
    const entry = found.value
    let content = decoded.get(entry.sha256)
    if (content === undefined) {
      const read = await readModelFile(entry.file)
      if (!read.ok) return read
      if (read.value.hash !== entry.sha256) {
        const message = `The file of model ${name} was changed: its card says SHA-256 ${entry.sha256}, ${entry.file} has ${read.value.hash}. Add or pull the model again.`
        return failure(
          new AppError('model.hash-mismatch', message, { details: { expected: entry.sha256, found: read.value.hash } }),
        )
      }
      const model = readModel(read.value.bytes)
      if (!model.ok) return model
      content = { model: model.value, bytes: read.value.bytes }
      decoded.set(entry.sha256, content)
    }
    return success({ entry, summary: summariseModel(entry.name, entry.sha256, content.model, entry), ...content })
  }

  async function add(file: string, options: AddOptions = {}): Promise<Result<ModelEntry>> {
    const name = options.name ?? nameOfFile(file)
    const checkedName = modelNameSchema.safeParse(name)
    if (!checkedName.success) {
      const message = `"${name}" cannot be a model's name: ${checkedName.error.issues[0]?.message}. Give one with --name.`
      return failure(new AppError('usage.invalid', message))
    }
    const read = await readModelFile(resolve(file))
    if (!read.ok) return read
    const { bytes, hash } = read.value
    const model = readModel(bytes)
    if (!model.ok) return failure(inFile(file, model.error))
    const existing = await find(name)
    if (existing.ok && existing.value.sha256 !== hash && options.replace !== true) {
      const message = `Another model is named ${name} already (SHA-256 ${existing.value.sha256.slice(0, 12)}...). Add ${file} under a different name with --name.`
      return failure(new AppError('model.exists', message, { details: { name, sha256: existing.value.sha256 } }))
    }
    const labels = options.labels === undefined ? success(undefined) : await resolveLabels(options.labels)
    if (!labels.ok) return labels
    const known = existing.ok && existing.value.sha256 === hash ? existing.value : undefined
    const card = cardOf(name, hash, bytes, model.value, {
      ...known,
      ...options,
      ...(labels.value && { labels: labels.value }),
    })
    if (
      known !== undefined &&
      writeModelCard(card) === writeModelCard(cardPart(known)) &&
      (await isIntact(known.file, hash))
    ) {
      return success(known)
    }
    const stored = await storeModelFile(file, join(cachedModels, `${hash}.onnx`), read.value, options.move === true)
    if (!stored.ok) return stored
    const written = await writeNewFile(join(cachedModels, `${name}${cardExtension}`), writeModelCard(card))
    return written.ok ? find(name) : written
  }

  async function resolveLabels(labels: string): Promise<Result<string>> {
    const set = await loadLabelSet(labelFolders, labels)
    if (set.ok) return success(labels)
    return existsSync(labels) ? importLabels(labels, join(cache, 'labels'), labelFolders) : set
  }

  return {
    list,
    show: find,
    load,
    cuts: async (name, maxWidth) => {
      const loaded = await load(name)
      if (!loaded.ok) return loaded
      return success(legalCuts(loaded.value.model, maxWidth === undefined ? {} : { maxWidth }))
    },
    add,
    loadLabelSet: (id) => loadLabelSet(labelFolders, id),
  }
}

/** "My Net (2).onnx" is added as "My-Net-2". */
function nameOfFile(file: string): string {
  const stem = basename(file, extname(file))
  return stem.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '')
}

function cardOf(name: string, hash: string, bytes: Uint8Array, model: OnnxModel, facts: AddOptions): ModelCard {
  const { inputs, outputs } = summariseModel(name, hash, model, {})
  return cardPart({ ...facts, name, inputs, outputs, sha256: hash, bytes: bytes.byteLength })
}

/** Exactly the fields of a card, in the order in which they are written. */
function cardPart({
  name,
  title,
  source,
  licence,
  preset,
  labels,
  inputs,
  outputs,
  sha256,
  bytes,
}: ModelCard): ModelCard {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(source === undefined ? {} : { source }),
    ...(licence === undefined ? {} : { licence }),
    ...(preset === undefined ? {} : { preset }),
    ...(labels === undefined ? {} : { labels }),
    inputs,
    outputs,
    sha256,
    bytes,
  }
}

function inFile(file: string, { code, message, details, cause }: AppError): AppError {
  return new AppError(code, `${file}: ${message}`, { details: { ...details, file }, cause })
}
