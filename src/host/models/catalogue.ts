import { basename, join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { closestName } from '../../shared/graph/closestName.ts'
import { readText } from '../documents/graphFile.ts'
import { packageRoot } from '../packageRoot.ts'

const catalogueSchema = z.object({
  source: z.string(),
  commit: z.string(),
  licence: z.string(),
  models: z.array(
    z.object({
      /** As the ONNX Hub calls it; several entries share a name and differ in their operator set. */
      name: z.string(),
      /** Below the base address; its last part without ".onnx" is unique. */
      path: z.string(),
      opset: z.int().positive(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().positive(),
      preset: z.string().optional(),
      labels: z.string().optional(),
    }),
  ),
})

export type Catalogue = z.output<typeof catalogueSchema>
export type CatalogueEntry = Catalogue['models'][number]

/** Reads a catalogue file; by default the shipped one. Fails with file.*. */
export async function readCatalogue(
  path = join(packageRoot(), 'models', 'catalogue.json'),
): Promise<Result<Catalogue>> {
  const text = await readText(path)
  if (!text.ok) return text
  try {
    return success(catalogueSchema.parse(JSON.parse(text.value)))
  } catch (cause) {
    return failure(new AppError('file.unreadable', `${path} is no catalogue of models.`, { cause }))
  }
}

/** The name under which a pulled model is added, e.g. "resnet50-v1-12". */
export function libraryNameOf(entry: CatalogueEntry): string {
  return basename(entry.path, '.onnx')
}

/**
 * The entry that a user means: its path, its file name, or its name on the hub, upper and lower case alike. Of several
 * operator sets under one name the newest. Fails with `model.not-found` and close names.
 */
export function findEntry(catalogue: Catalogue, wanted: string): Result<CatalogueEntry> {
  const key = wanted.trim().toLowerCase()
  const isMeant = (entry: CatalogueEntry): boolean =>
    [entry.path, basename(entry.path), libraryNameOf(entry), entry.name].some((each) => each.toLowerCase() === key)
  const [newest] = catalogue.models.filter(isMeant).sort((a, b) => b.opset - a.opset)
  if (newest !== undefined) return success(newest)
  const close = namesLike(catalogue, key)
  const some = [...new Set(catalogue.models.map(({ name }) => name))].slice(0, 8)
  const hint = close.length === 0 ? `It has for example ${some.join(', ')}.` : `Did you mean ${close.join(', ')}?`
  const message = `The ONNX Hub catalogue has no model named ${wanted}. ${hint}`
  return failure(new AppError('model.not-found', message, { details: { model: wanted, close } }))
}

function namesLike(catalogue: Catalogue, key: string): readonly string[] {
  const names = [...new Set(catalogue.models.map(({ name }) => name))]
  const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const like = names.filter((name) => letters(name).includes(letters(key)))
  if (letters(key) !== '' && like.length > 0) return like.slice(0, 8)
  const close = closestName(
    key,
    names.map((name) => name.toLowerCase()),
  )
  return names.filter((name) => name.toLowerCase() === close)
}
