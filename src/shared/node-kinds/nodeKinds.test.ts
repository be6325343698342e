import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { calibrate } from '../codecs/calibrate.ts'
import { writeCalibration } from '../codecs/calibration.ts'
import { unwrap } from '../errors/result.ts'
import type { JsonObject } from '../graph/graph.ts'
import { bytesTensor, createTensor, type Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { createKindRegistry, type KindId, type KindNode, nodeKinds } from './index.ts'
import type { InferenceSession } from './nodeContext.ts'
import type { NodeInputs, NodeKind } from './nodeKind.ts'
import { blobRef, createFakeContext, type FakeContextOptions } from './testing/fakeContext.ts'
import { FakeImages } from './testing/fakeImages.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind, runSource } from './testing/runKind.ts'

const kinds: readonly NodeKind[] = nodeKinds

test('no two kinds have one id, one label or one summary', () => {
  for (const field of ['id', 'label', 'summary'] as const) {
    expect(new Set(kinds.map((kind) => kind[field])).size).toBe(kinds.length)
  }
})

test.each(kinds.map((kind) => [kind.id, kind] as const))(
  '%s says what it is, in one sentence, and so does each param',
  (id, kind) => {
    expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    expect(kind.summary).toMatch(/^[A-Z].*\.$/)
    expect(kind.version).toBeGreaterThanOrEqual(1)
    for (const [name, schema] of Object.entries(kind.params.shape)) {
      expect(schema.description, `${id}.${name}`).toMatch(/\.$/)
    }
  },
)

test('a param without a default is required knowingly', () => {
  const required = kinds.flatMap(({ id, params }) => {
    const { required: names = [] } = z.toJSONSchema(params, { io: 'input' })
    return names.map((name) => `${id}.${name}`)
  })
  expect(required).toEqual(['image-folder.path', 'graph-input.dtype', 'graph-input.shape', 'onnx-model.model'])
})

test('each kind executes in exactly one form; transports, inputs and outputs of a graph in none', () => {
  for (const { id, role, execute, prepare, produce, stream } of kinds) {
    const forms = [execute, prepare, produce, stream].filter((form) => form !== undefined).length
    expect([id, forms]).toEqual([id, role === 'transport' || role.startsWith('graph-') ? 0 : 1])
    expect([id, produce !== undefined]).toEqual([id, role === 'source'])
  }
})

test('a registry finds kinds by id, and joins have as many ports as they are told', () => {
  const registry = createKindRegistry(kinds)
  expect(registry.get('zip')?.inputPorts({ inputs: 3 }, fakeResources)).toEqual({
    in1: { label: 'Input 1' },
    in2: { label: 'Input 2' },
    in3: { label: 'Input 3' },
  })
  expect(registry.get('nothing')).toBeUndefined()
  expect(registry.list()).toEqual(kinds)
})

test('ids and params of the list are known to the compiler', () => {
  expectTypeOf<'normalize'>().toExtend<KindId>()
  expectTypeOf<'normalise'>().not.toExtend<KindId>()
  expectTypeOf<{ kind: 'resize-crop'; params: { width: 3 } }>().toExtend<KindNode>()
  expectTypeOf<{ kind: 'resize-crop'; params: { width: 'three' } }>().not.toExtend<KindNode>()
})

const picture = createTensor(
  'uint8',
  [2, 2, 3],
  Uint8Array.from({ length: 12 }, (_, index) => index * 20),
)
const file = bytesTensor(await new FakeImages().encode(picture))
const features = createTensor(
  'float32',
  [1, 2, 2, 2],
  Float32Array.from({ length: 8 }, (_, index) => index / 2),
)
const featureSpec: TensorSpec = { dtype: 'float32', shape: [1, 2, 2, 2], layout: 'NCHW' }
const calibration = unwrap(calibrate([features.data], featureSpec, { levels: 16 }))
const hash = 'a'.repeat(64)
const calibrated: FakeContextOptions = {
  blobs: { [hash]: new TextEncoder().encode(writeCalibration(calibration)) },
  assets: { calibration: [{ hash, bytes: 0 }] },
}
const ransSpec: TensorSpec = {
  dtype: 'bytes',
  shape: [null],
  encoding: { codec: 'quantize-rans', tensor: featureSpec, params: { levels: 16, calibration: hash } },
}
const [packed] = await runKind(
  find('quantize-rans'),
  { calibration: hash },
  [{ inputs: { tensor: features } }],
  createFakeContext(calibrated),
)
const [compressed] = await runKind(find('zstd-encoder'), {}, [{ inputs: { tensor: features } }])
const logits = createTensor('float32', [1, 3], Float32Array.of(0, 2, 1))
const scalar = (index: number) => createTensor('int32', [], Int32Array.of(index))
const names = new TextEncoder().encode(JSON.stringify({ names: ['cat', 'dog', 'bird'] }))
const doubling: InferenceSession = {
  inputNames: ['input'],
  outputNames: ['logits'],
  run: async ({ input }) => ({ logits: input as Tensor }),
}

interface Example {
  readonly params?: JsonObject
  readonly inputs?: NodeInputs
  readonly context?: FakeContextOptions
}

/** A frame for each kind that runs; the compiler asks for one when a kind is added. */
const examples: Readonly<
  Record<Exclude<KindId, 'graph-input' | 'graph-output' | 'tcp-transport' | 'websocket-transport'>, Example>
> = {
  'image-folder': {
    params: { path: 'photos' },
    context: { blobs: { a: file.data }, assets: { pictures: [blobRef('a')] } },
  },
  'synthetic-frames': { params: { width: 4, height: 4, count: 1 } },
  'resize-crop': { inputs: { image: picture } },
  normalize: { inputs: { image: picture } },
  cast: { inputs: { tensor: picture } },
  layout: { inputs: { tensor: picture } },
  'onnx-model': {
    params: { model: 'mobilenet_v2' },
    inputs: { input: features },
    context: { assets: { model: [blobRef('m')] }, sessions: { m: doubling } },
  },
  'quantize-rans': { params: { calibration: hash }, inputs: { tensor: features }, context: calibrated },
  'dequantize-rans': {
    inputs: { bytes: packed?.bytes as Tensor },
    context: { ...calibrated, inputSpecs: { bytes: ransSpec } },
  },
  'jpeg-encoder': { inputs: { tensor: picture } },
  'jpeg-decoder': { inputs: { bytes: file } },
  'png-encoder': { inputs: { tensor: picture } },
  'png-decoder': { inputs: { bytes: file } },
  'webp-encoder': { inputs: { tensor: picture } },
  'webp-decoder': { inputs: { bytes: file } },
  'zstd-encoder': { inputs: { tensor: picture } },
  'zstd-decoder': { inputs: { bytes: compressed?.bytes as Tensor } },
  zip: { inputs: { in1: picture, in2: logits } },
  'latest-join': { inputs: { in1: picture, in2: logits } },
  merge: { inputs: { in2: picture } },
  sample: { inputs: { in: picture } },
  batch: { params: { size: 1 }, inputs: { in: logits } },
  softmax: { inputs: { scores: logits } },
  'top-labels': {
    params: { k: 2, labels: 'pets' },
    inputs: { scores: logits },
    context: { blobs: { l: names }, assets: { labels: [blobRef('l')] } },
  },
  argmax: { inputs: { scores: logits } },
  agreement: { inputs: { reference: logits, candidate: scalar(1) } },
  accuracy: { inputs: { prediction: logits, truth: scalar(1) } },
  table: { inputs: { value: scalar(1) } },
  recorder: { inputs: { value: picture } },
}

describe.each(Object.entries(examples))('%s', (id, { params = {}, inputs = {}, context = {} }) => {
  const kind = find(id)

  test('executes a frame, and gives tensors of the types that it announces', async () => {
    const parsed = unwrap(kind.parseParams(params))
    const device = createFakeContext(context)
    const specs = { ...mapValues(inputs, specOf), ...device.inputSpecs }
    const inferred = unwrap(toResult(kind.inferOutputs(parsed, specs, fakeResources)))
    const [outputs] =
      kind.role === 'source'
        ? (await runSource(kind, params, device)).map((frame) => ('outputs' in frame ? frame.outputs : {}))
        : await runKind(kind, params, [{ inputs }], device)
    const ports = Object.keys(kind.outputPorts(parsed, fakeResources) ?? {})
    if (kind.role === 'sink') {
      expect([outputs, device.written.size, device.closed]).toEqual([undefined, 1, [...device.written.keys()]])
      return
    }
    expect(Object.keys(outputs ?? {}).sort()).toEqual([...ports].sort())
    for (const [port, tensor] of Object.entries(outputs ?? {})) {
      const spec = inferred[port]
      if (id !== 'onnx-model' && spec !== undefined) expectFits(tensor, spec)
    }
  })
})

function find(id: string): NodeKind {
  const kind = createKindRegistry(kinds).get(id)
  if (kind === undefined) throw new Error(`no kind ${id}`)
  return kind
}

function specOf({ dtype, shape }: Tensor): TensorSpec {
  return { dtype, shape }
}

function expectFits({ dtype, shape }: Tensor, spec: TensorSpec): void {
  expect(dtype).toBe(spec.dtype)
  expect(spec.shape.map((dimension, axis) => (typeof dimension === 'number' ? dimension : shape[axis]))).toEqual(shape)
}

function toResult<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly error: Error } },
) {
  if (result.ok) return result
  throw result.error.error
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]))
}
