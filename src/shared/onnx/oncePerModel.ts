import type { OnnxModel } from './onnxModel.ts'

/** A function of a model that is worked out once for each model and kept as long as the model is. */
export function oncePerModel<T>(compute: (model: OnnxModel) => T): (model: OnnxModel) => T {
  const known = new WeakMap<OnnxModel, { readonly value: T }>()
  return (model) => {
    const found = known.get(model) ?? { value: compute(model) }
    known.set(model, found)
    return found.value
  }
}
