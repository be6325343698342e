import { z } from 'zod'
import { AppError } from '../../errors/appError.ts'
import { failure, success } from '../../errors/result.ts'
import type { DataType } from '../../tensor/dataType.ts'
import type { TensorSpec } from '../../tensor/tensorSpec.ts'
import type { JsonObject } from '../graph.ts'
import { emptyResources, type GraphResources, type ModelSummary } from '../graphResources.ts'
import type { KindRegistry, KindSemantics, PortMap, SpecMap } from '../kindRegistry.ts'

/** Small kinds for tests of the graph layer: the face of a kind, nothing that runs. */
interface TestKind extends Partial<Pick<KindSemantics, 'role' | 'join' | 'numbering'>> {
  readonly inputs?: PortMap | ((params: JsonObject, resources: GraphResources) => PortMap | undefined)
  readonly outputs?: PortMap | ((params: JsonObject, resources: GraphResources) => PortMap | undefined)
  readonly params?: z.ZodObject
  readonly infer?: (
    params: JsonObject,
    inputs: SpecMap,
    resources: GraphResources,
  ) => SpecMap | ReturnType<KindSemantics['inferOutputs']>
}

function defineTestKind(id: string, kind: TestKind): KindSemantics {
  const schema = kind.params ?? z.looseObject({})
  const { inputs = {}, outputs = {} } = kind
  return {
    id,
    label: id.charAt(0).toUpperCase() + id.slice(1),
    role: kind.role ?? 'step',
    join: kind.join ?? 'zip',
    numbering: kind.numbering ?? 'kept',
    parseParams(params) {
      const parsed = schema.safeParse(params)
      if (parsed.success) return success(parsed.data as JsonObject) // test schemas hold JSON
      const path = parsed.error.issues[0]?.path.join('.') ?? ''
      return failure(new AppError('graph.params-invalid', `Parameter ${path} of ${id} is wrong`, { details: { path } }))
    },
    inputPorts: (params, resources) => (typeof inputs === 'function' ? inputs(params, resources) : inputs),
    outputPorts: (params, resources) => (typeof outputs === 'function' ? outputs(params, resources) : outputs),
    inferOutputs(params, specs, resources) {
      const inferred = kind.infer?.(params, specs, resources) ?? {}
      return 'ok' in inferred ? (inferred as ReturnType<KindSemantics['inferOutputs']>) : success(inferred as SpecMap)
    },
  }
}

const port = { label: 'Tensor' }
const passOn = (_params: JsonObject, { in: input }: SpecMap): SpecMap => (input === undefined ? {} : { out: input })
const pass: TestKind = { inputs: { in: port }, outputs: { out: port }, infer: passOn }
const join: TestKind = {
  inputs: { a: port, b: { ...port, optional: true } },
  outputs: { a: port, b: port },
  infer: (_params, { a, b }) => ({ ...(a && { a }), ...(b && { b }) }),
}

function modelPorts(side: 'inputs' | 'outputs') {
  return ({ model, inputs, outputs }: JsonObject, resources: GraphResources): PortMap | undefined => {
    const part = resources.model(String(model))?.part({
      ...(inputs === undefined ? {} : { inputs: inputs as string[] }), // the schema below says so
      ...(outputs === undefined ? {} : { outputs: outputs as string[] }),
    })
    if (!part?.ok) return undefined
    return Object.fromEntries(
      Object.entries(part.value[side]).map(([name, expects]) => [name, { label: name, expects }]),
    )
  }
}

export const testKinds: readonly KindSemantics[] = [
  defineTestKind('camera', {
    role: 'source',
    outputs: { image: port },
    params: z.strictObject({ width: z.number().nullable().default(224), height: z.number().nullable().default(224) }),
    infer: ({ width, height }) => ({
      image: { dtype: 'uint8', shape: [height as number | null, width as number | null, 3], layout: 'HWC' },
    }),
  }),
  defineTestKind('tensor-source', {
    role: 'source',
    outputs: { out: port },
    infer: ({ spec }) => ({ out: spec as unknown as TensorSpec }), // tests give a spec
  }),
  defineTestKind('onnx-model', {
    params: z.strictObject({
      model: z.string(),
      inputs: z.array(z.string()).optional(),
      outputs: z.array(z.string()).optional(),
    }),
    inputs: modelPorts('inputs'),
    outputs: modelPorts('outputs'),
    infer: (params, _inputs, resources) => {
      const ports = modelPorts('outputs')(params, resources)
      if (ports === undefined) {
        return failure({ error: new AppError('model.not-found', `No model is called "${String(params.model)}".`) })
      }
      return Object.fromEntries(Object.entries(ports).map(([name, { expects }]) => [name, expects as TensorSpec]))
    },
  }),
  defineTestKind('same-batch', {
    inputs: {
      a: { ...port, expects: { dtype: 'float32', shape: ['N', 4] } },
      b: { ...port, expects: { dtype: 'float32', shape: ['N', 4] } },
      c: { ...port, expects: { dtype: 'float32', shape: ['N', 4] }, optional: true },
    },
  }),
  defineTestKind('float-only', { ...pass, inputs: { in: { ...port, accepts: 'float32' } } }),
  defineTestKind('pass', pass),
  defineTestKind('cast', {
    ...pass,
    params: z.strictObject({ dtype: z.string() }),
    infer: ({ dtype }, { in: input }): SpecMap => (input ? { out: { ...input, dtype: dtype as DataType } } : {}),
  }),
  defineTestKind('layout', {
    ...pass,
    params: z.strictObject({ to: z.enum(['NCHW', 'NHWC']) }),
    infer: ({ to }, { in: input }): SpecMap => {
      if (input === undefined) return {}
      const [h, w, c] = input.shape.length === 4 ? input.shape.slice(1) : input.shape
      const [height = null, width = null, channels = null] = input.layout === 'NCHW' ? [w, c, h] : [h, w, c]
      return to === 'NCHW'
        ? { out: { ...input, shape: [1, channels, height, width], layout: 'NCHW' } }
        : { out: { ...input, shape: [1, height, width, channels], layout: 'NHWC' } }
    },
  }),
  defineTestKind('normalize', {
    ...pass,
    params: z.strictObject({ preset: z.string() }),
    infer: (_params, { in: input }): SpecMap =>
      input
        ? { out: { dtype: 'float32', shape: [1, 3, input.shape[0] ?? null, input.shape[1] ?? null], layout: 'NCHW' } }
        : {},
  }),
  defineTestKind('resize-crop', {
    ...pass,
    params: z.strictObject({ width: z.number(), height: z.number() }),
    infer: ({ width, height }, { in: input }): SpecMap =>
      input ? { out: { ...input, shape: [height as number, width as number, 3] } } : {},
  }),
  defineTestKind('tcp-transport', { ...pass, role: 'transport' }),
  defineTestKind('websocket-transport', { ...pass, role: 'transport' }),
  defineTestKind('batch', { ...pass, numbering: 'fresh' }),
  defineTestKind('zip', join),
  defineTestKind('latest-join', { ...join, join: 'latest' }),
  defineTestKind('merge', { ...join, join: 'merge', numbering: 'fresh' }),
  defineTestKind('table', { role: 'sink', inputs: { in: port } }),
  defineTestKind('graph-input', { role: 'graph-input', outputs: { value: port } }),
  defineTestKind('graph-output', { role: 'graph-output', inputs: { value: port } }),
]

const kindsById = new Map(testKinds.map((kind) => [kind.id, kind]))
export const testRegistry: KindRegistry = { get: (id) => kindsById.get(id), list: () => testKinds }

const network: Readonly<Record<string, TensorSpec>> = {
  image: { dtype: 'float32', shape: ['N', 3, 224, 224], layout: 'NCHW' },
  early: { dtype: 'float32', shape: [1, 16, 56, 56], layout: 'NCHW' },
  middle: { dtype: 'float32', shape: [1, 96, 14, 14], layout: 'NCHW' },
  side: { dtype: 'float32', shape: [1, 8, 14, 14], layout: 'NCHW' },
  logits: { dtype: 'float32', shape: ['N', 1001] },
}

/** One network with tensors image, early, middle, side and logits; any of them may be a cut. */
const testModel: ModelSummary = {
  name: 'net',
  hash: 'ab'.repeat(32),
  inputs: pick(['image']),
  outputs: pick(['logits']),
  preset: 'imagenet-tf',
  part: ({ inputs = ['image'], outputs = ['logits'] }) => success({ inputs: pick(inputs), outputs: pick(outputs) }),
}

/** The same network under another name and without a card. */
const plainModel: ModelSummary = {
  name: 'plain',
  hash: testModel.hash,
  inputs: testModel.inputs,
  outputs: testModel.outputs,
  part: testModel.part,
}

export const testResources: GraphResources = {
  ...emptyResources,
  model: (name) => [testModel, plainModel].find((model) => model.name === name),
}

function pick(names: readonly string[]): Record<string, TensorSpec> {
  return Object.fromEntries(names.flatMap((name) => (network[name] === undefined ? [] : [[name, network[name]]])))
}
