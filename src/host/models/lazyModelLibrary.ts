import type { ModelLibrary } from './modelLibrary.ts'

/**
 * The model library, loaded with the ONNX reader when a graph first names a model: a third of what checking a graph
 * without models would cost.
 */
export function createLazyModelLibrary(): Pick<ModelLibrary, 'load' | 'loadLabelSet'> {
  let library: Promise<ModelLibrary> | undefined
  const open = () => {
    library ??= import('./modelLibrary.ts').then(({ createModelLibrary }) => createModelLibrary())
    return library
  }
  return {
    load: async (name) => (await open()).load(name),
    loadLabelSet: async (id) => (await open()).loadLabelSet(id),
  }
}
