import { type Result, success } from '../errors/result.ts'
import type { ModelPart, ModelSummary } from '../graph/graphResources.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { inferShapes } from './inferShapes.ts'
import type { OnnxModel } from './onnxModel.ts'
import { type PartRange, selectPart } from './selectPart.ts'

/** What a model card adds to the file, as far as typing needs it. */
export interface CardFacts {
  readonly preset?: string
  readonly labels?: string
}

/** A model as the typing of graphs sees it; `hash` is the SHA-256 of its file. */
export function summariseModel(name: string, hash: string, model: OnnxModel, card: CardFacts): ModelSummary {
  return {
    name,
    hash,
    inputs: portsOf(model, model.inputs),
    outputs: portsOf(model, model.outputs),
    ...(card.preset === undefined ? {} : { preset: card.preset }),
    ...(card.labels === undefined ? {} : { labels: card.labels }),
    part: (range) => describePart(model, range),
  }
}

/** Ports of the part that extractPart would make, without making it. Fails with the same codes. */
export function describePart(model: OnnxModel, range: PartRange): Result<ModelPart> {
  const selected = selectPart(model, range)
  if (!selected.ok) return selected
  const { inputs, outputs } = selected.value
  return success({ inputs: portsOf(model, inputs), outputs: portsOf(model, outputs) })
}

function portsOf(model: OnnxModel, names: readonly string[]): Readonly<Record<string, TensorSpec>> {
  const specs = inferShapes(model)
  return Object.fromEntries(
    names.flatMap((name) => {
      const spec = specs.get(name)
      return spec === undefined ? [] : [[name, spec]]
    }),
  )
}
