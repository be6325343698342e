import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { userCacheFolder } from '../../node/userCacheFolder.ts'
import { packageRoot } from '../packageRoot.ts'
import { modelNameSchema } from './modelCard.ts'

/** models/ of the package, or the user's cache. */
export type ModelOrigin = 'shipped' | 'added'

export interface ModelFolders {
  readonly shipped: string
  readonly cachedModels: string
}

export const cardExtension = '.card.json'

/** Where models lie: models/ of the package and `models` in the user's cache, or the folders that are given. */
export function modelFolders(
  options: { readonly shippedFolder?: string; readonly cacheFolder?: string } = {},
): ModelFolders & { readonly cache: string } {
  const cache = options.cacheFolder ?? userCacheFolder()
  return { shipped: options.shippedFolder ?? join(packageRoot(), 'models'), cache, cachedModels: join(cache, 'models') }
}

/** The card of a model: an added one goes before a shipped one of the same name. */
export function placeOfModel(
  { shipped, cachedModels }: ModelFolders,
  name: string,
): { readonly card: string; readonly origin: ModelOrigin } | undefined {
  if (!modelNameSchema.safeParse(name).success) return undefined
  const added = join(cachedModels, `${name}${cardExtension}`)
  if (existsSync(added)) return { card: added, origin: 'added' }
  const own = join(shipped, `${name}${cardExtension}`)
  return existsSync(own) ? { card: own, origin: 'shipped' } : undefined
}

/** Shipped files have their model's name, added ones their content hash. */
export function fileOfModel(
  { shipped, cachedModels }: ModelFolders,
  origin: ModelOrigin,
  name: string,
  sha256: string,
): string {
  return origin === 'added' ? join(cachedModels, `${sha256}.onnx`) : join(shipped, `${name}.onnx`)
}
