import { AppError } from '../../errors/appError.ts'
import { failure, success } from '../../errors/result.ts'
import type { GraphResources, ModelPart, ModelSummary } from '../../graph/graphResources.ts'
import type { TensorSpec } from '../../tensor/tensorSpec.ts'

const tensors: Readonly<Record<string, TensorSpec>> = {
  input: { dtype: 'float32', shape: ['N', 3, 224, 224], layout: 'NCHW' },
  'block10/add': { dtype: 'float32', shape: ['N', 96, 14, 14], layout: 'NCHW' },
  logits: { dtype: 'float32', shape: ['N', 1001] },
}

/** A network of one chain, input -> block10/add -> logits, that may be cut at each of these tensors. */
const chain: ModelSummary = {
  name: 'mobilenet_v2',
  hash: 'hash of mobilenet_v2',
  inputs: pick(['input']),
  outputs: pick(['logits']),
  preset: 'imagenet-tf',
  labels: 'imagenet',
  part({ inputs = ['input'], outputs = ['logits'] }) {
    const missing = [...inputs, ...outputs].find((name) => tensors[name] === undefined)
    if (missing === undefined) return success<ModelPart>({ inputs: pick(inputs), outputs: pick(outputs) })
    return failure(new AppError('model.tensor-missing', `The network has no tensor ${missing}.`))
  },
}

/** One model, "mobilenet_v2", and the label set "imagenet" of 1000 names. */
export const fakeResources: GraphResources = {
  model: (name) => (name === chain.name ? chain : undefined),
  calibration: () => undefined,
  labelSet: (id) =>
    id === 'imagenet' ? { id, names: Array.from({ length: 1000 }, (_, index) => `class ${index}`) } : undefined,
}

function pick(names: readonly string[]): Readonly<Record<string, TensorSpec>> {
  return Object.fromEntries(names.flatMap((name) => (tensors[name] === undefined ? [] : [[name, tensors[name]]])))
}
