import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import type { Result } from '../errors/result.ts'
import type { GraphResources, ModelPart } from '../graph/graphResources.ts'
import type { PortMap, SpecMap } from '../graph/kindRegistry.ts'
import type { Dimension, TensorSpec } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, InputRefusal, type NodeInputs } from './nodeKind.ts'
import { formatTensor } from './takeInput.ts'

const tensorNames = z.array(z.string().min(1).max(255)).min(1).max(32)

/** An ONNX network or the part of it between two cuts. Ports are called like its tensors. */
export const onnxModel = defineNodeKind({
  id: 'onnx-model',
  version: 1,
  label: 'ONNX model',
  group: 'Models',
  summary: 'Runs a network, or the part of it between two cuts; the device gets only the weights of that part.',
  params: z.strictObject({
    model: z.string().min(1).describe('Name of a shipped or added model (colliflow models list).'),
    inputs: tensorNames.exactOptional().describe("Tensors to begin at; without them the network's own inputs."),
    outputs: tensorNames.exactOptional().describe("Tensors to end at; without them the network's own outputs."),
    threads: z.int().min(1).max(64).default(1).describe('CPU threads of the inference engine.'),
  }),
  inputs: (params, resources): PortMap | undefined => {
    const part = partOf(params, resources)
    return part?.ok ? mapValues(part.value.inputs, (expects, label) => ({ label, expects })) : undefined
  },
  outputs: (params, resources): PortMap | undefined => {
    const part = partOf(params, resources)
    return part?.ok ? mapValues(part.value.outputs, (_spec, label) => ({ label })) : undefined
  },
  inferOutputs: (params, inputs, resources) => {
    const part = partOf(params, resources)
    if (part === undefined) return {}
    return part.ok ? bindSymbols(part.value, inputs) : new InputRefusal({ error: part.error })
  },
  assets: ({ model, inputs, outputs }) => ({
    model: { type: 'model', model, ...(inputs && { inputs }), ...(outputs && { outputs }) },
  }),
  async prepare({ model, threads }, context) {
    const [blob] = context.assets.model ?? []
    if (blob === undefined) {
      throw new AppError('device.blob-missing', `Model ${model} was not sent to the device. Deploy the graph again.`)
    }
    const session = await context.loadModel(blob.hash, { threads })
    return async (inputs) => {
      for (const name of session.inputNames) checkFrame(name, inputs, context.inputSpecs)
      return session.run(inputs)
    }
  },
})

interface Range {
  readonly model: string
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
}

/** Undefined for a model that is not there: whoever loads models reports that. */
function partOf({ model, inputs, outputs }: Range, resources: GraphResources): Result<ModelPart> | undefined {
  return resources.model(model)?.part({ ...(inputs && { inputs }), ...(outputs && { outputs }) })
}

/** Output specs with the network's symbols (a batch "N") replaced by what the inputs say they are. */
function bindSymbols(part: ModelPart, inputs: SpecMap): SpecMap {
  const bound = new Map<string, Dimension>()
  for (const [name, { shape }] of Object.entries(part.inputs)) {
    for (const [axis, dimension] of shape.entries()) {
      const found = inputs[name]?.shape[axis]
      if (typeof dimension === 'string' && typeof found === 'number') bound.set(dimension, found)
    }
  }
  const bind = (dimension: Dimension) =>
    typeof dimension === 'string' ? (bound.get(dimension) ?? dimension) : dimension
  return mapValues(part.outputs, (spec) => ({ ...spec, shape: spec.shape.map(bind) }))
}

/** Frames of a stream whose type was not known beforehand: said here in the graph's words instead of the engine's. */
function checkFrame(name: string, inputs: NodeInputs, specs: SpecMap): void {
  const tensor = inputs[name]
  const spec: TensorSpec | undefined = specs[name]
  if (tensor === undefined) {
    const fed = Object.keys(inputs).join(', ') || 'nothing'
    throw new AppError('model.run-failed', `The network needs tensor ${name}, but the node is fed ${fed}.`)
  }
  if (spec === undefined) return
  const fits =
    tensor.shape.length === spec.shape.length &&
    spec.shape.every((dimension, axis) => typeof dimension !== 'number' || dimension === tensor.shape[axis])
  if (fits) return
  throw new AppError(
    'tensor.shape-mismatch',
    `Input ${name} was announced as ${formatSpec(spec)}, found ${formatTensor(tensor)}.`,
  )
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  convert: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value, key)]))
}
