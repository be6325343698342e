import { expect, expectTypeOf, test } from 'vitest'
import { AppError } from '../errors/appError.ts'
import { parseGraph } from '../graph/parseGraph.ts'
import { writeGraph } from '../graph/writeGraph.ts'
import { collect } from '../node-kinds/testing/collect.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { GraphRequest } from './execution.ts'
import { Module } from './module.ts'
import {
  Batch,
  Cast,
  JpegDecoder,
  JpegEncoder,
  LatestJoin,
  Layout,
  Merge,
  Normalize,
  OnnxModel,
  QuantizeRans,
  Recorder,
  Resize,
  Softmax,
  TcpTransport,
  TopLabels,
  Zip,
} from './modules.ts'
import type { SymbolicTensor, TypedTensor } from './symbolicTensor.ts'
import { withPolicy } from './symbolicTensor.ts'
import { TcpServerModule } from './tcpServerModule.ts'
import { createTestApi, RecordingExecution } from './testing/testApi.ts'

const { Input, ImageFolder, Model } = createTestApi()

/** The code of the AppError that `build` throws. */
function refusalOf(build: () => unknown): string {
  try {
    build()
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
  return 'none'
}

function createServerGraph() {
  const bytes = Input({ shape: [null], dtype: 'bytes' })
  let x: SymbolicTensor = JpegDecoder()(bytes)
  x = OnnxModel({ model: 'mobilenet_v2', inputs: ['block10/add'] })(x)
  x = TopLabels({ k: 3 })(x)
  return Model({ inputs: [bytes], outputs: [x] })
}

function createClientGraph() {
  const image = Input({ shape: [224, 224, 3], dtype: 'uint8' })
  let x: SymbolicTensor = Normalize({ preset: 'imagenet-tf' })(image)
  x = OnnxModel({ model: 'mobilenet_v2', outputs: ['block10/add'] })(x)
  x = JpegEncoder({ quality: 90 })(x)
  x = TcpServerModule({ graph: createServerGraph(), address: 'localhost:5678' })(x)
  return Model({ inputs: [image], outputs: [x], title: 'Classifier' })
}

test('a client and a server model become one document across two devices', () => {
  expect(writeGraph(createClientGraph().toGraph())).toBe(`{
  "format": "colliflow.graph",
  "version": 1,
  "title": "Classifier",
  "devices": {
    "local": { "role": "edge" },
    "server": { "role": "cloud", "address": "ws://localhost:5678" }
  },
  "nodes": {
    "input": { "kind": "graph-input", "device": "local", "params": { "dtype": "uint8", "shape": [224, 224, 3] } },
    "jpeg-decoder": { "kind": "jpeg-decoder", "device": "server", "params": {} },
    "jpeg-encoder": { "kind": "jpeg-encoder", "device": "local", "params": { "quality": 90 } },
    "normalize": { "kind": "normalize", "device": "local", "params": { "preset": "imagenet-tf" } },
    "onnx-model": { "kind": "onnx-model", "device": "local", "params": { "model": "mobilenet_v2", "outputs": ["block10/add"] } },
    "onnx-model-2": { "kind": "onnx-model", "device": "server", "params": { "inputs": ["block10/add"], "model": "mobilenet_v2" } },
    "output": { "kind": "graph-output", "device": "local", "params": {} },
    "tcp-transport": { "kind": "tcp-transport", "from": "local", "to": "server", "params": {} },
    "tcp-transport-2": { "kind": "tcp-transport", "from": "server", "to": "local", "params": {} },
    "top-labels": { "kind": "top-labels", "device": "server", "params": { "k": 3 } }
  },
  "wires": [
    { "from": "tcp-transport.out", "to": "jpeg-decoder.bytes" },
    { "from": "onnx-model.block10/add", "to": "jpeg-encoder.tensor" },
    { "from": "input.value", "to": "normalize.image" },
    { "from": "jpeg-decoder.tensor", "to": "onnx-model-2.block10/add" },
    { "from": "normalize.tensor", "to": "onnx-model.input" },
    { "from": "tcp-transport-2.out", "to": "output.value" },
    { "from": "top-labels.labels", "to": "tcp-transport-2.in" },
    { "from": "jpeg-encoder.bytes", "to": "tcp-transport.in" },
    { "from": "onnx-model-2.logits", "to": "top-labels.scores" }
  ],
  "layout": {}
}
`)
})

test('a server model is typed anew behind its client: bytes of another codec are refused', () => {
  const graph = createServerGraph()
  const build = () => TcpServerModule({ graph, address: 'localhost:5678' })(Input({ dtype: 'uint8', shape: [2, 2, 3] }))
  expect(refusalOf(build)).toBe('graph.type-mismatch')
})

test('a document that was opened and built again is the same document', () => {
  const graph = createClientGraph().toGraph()
  const read = parseGraph(writeGraph(graph))
  if (!read.ok) throw read.error
  const opened = Model.fromGraph(read.value)
  expect(opened.toGraph()).toBe(read.value)
  const { parts } = opened
  const rebuilt = Model({
    title: parts.title,
    devices: parts.devices,
    inputs: parts.inputs,
    outputs: Object.fromEntries(parts.outputs.map(({ name, tensor }) => [name, tensor])),
  })
  expect(writeGraph(rebuilt.toGraph())).toBe(writeGraph(graph))
})

test('a diamond with zip, latest and merge joins, several inputs and outputs, sinks and policies', () => {
  const left = Input({ dtype: 'uint8', shape: [null, null, 3], layout: 'HWC', name: 'left' })
  const right = Input({ dtype: 'uint8', shape: [null, null, 3], layout: 'HWC', name: 'right' })
  const small = Resize({ width: 32, height: 32 })(left)
  const large = Resize({ width: 64, height: 64 })(left)
  const [a, b] = Zip()(small, withPolicy(large, { kind: 'latest' }))
  const [newest] = LatestJoin()(b, right)
  const merged = Merge()(a, newest, right)
  const recorded = Recorder({ file: 'small.cfrec' })(Cast({ dtype: 'int32' })(small))
  const model = Model({ inputs: [left, right], outputs: { merged, small }, sinks: [recorded] })
  expect([model.inputNames, model.outputNames]).toEqual([
    ['left', 'right'],
    ['merged', 'small'],
  ])
  const { nodes, wires, devices } = model.toGraph()
  expect(devices).toEqual({})
  expect(Object.values(nodes).filter(({ kind }) => kind === 'resize-crop')).toHaveLength(2)
  expect(nodes.merge?.params).toEqual({ inputs: 3 })
  expect(wires.filter(({ policy }) => policy !== undefined)).toEqual([
    { from: 'resize-crop-2.image', to: 'zip.in2', policy: { kind: 'latest' } },
  ])
  expect(wires.filter(({ to }) => to === 'recorder.value')).toHaveLength(1)
})

test('each mistake is refused with its code, on the line that makes it', () => {
  const image = Input({ dtype: 'uint8', shape: [10, 10, 3], layout: 'HWC' })
  const floats: SymbolicTensor = Normalize()(image)
  const wide: (...tensors: readonly SymbolicTensor[]) => unknown = Zip()
  const anyModel = (model: string) => OnnxModel({ model })
  expect({
    dtype: refusalOf(() => OnnxModel({ model: 'mobilenet_v2' })(image)),
    size: refusalOf(() => OnnxModel({ model: 'mobilenet_v2' })(floats)),
    rank: refusalOf(() => Layout({ to: 'NHWC' })(Input({ dtype: 'uint8', shape: [3] }))),
    tooFew: refusalOf(() => OnnxModel({ model: 'mobilenet_v2' })()),
    tooMany: refusalOf(() => OnnxModel({ model: 'mobilenet_v2' })(floats, floats)),
    oneZipped: refusalOf(() => wide(image)),
    params: refusalOf(() => Resize({ width: 0 })(image)),
    model: refusalOf(() => anyModel('none')(floats)),
    cut: refusalOf(() => OnnxModel({ model: 'mobilenet_v2', outputs: ['conv99'] })(floats)),
    calibration: refusalOf(() => QuantizeRans()(floats)),
    unlistedInput: refusalOf(() => Model({ inputs: [], outputs: [image] })),
    noInput: refusalOf(() => Model({ inputs: [floats], outputs: [image] })),
    sameName: refusalOf(() => {
      const one = Resize({}, { name: 'a' })(image)
      return Model({ inputs: [image], outputs: [Resize({}, { name: 'a' })(one)] })
    }),
    badName: refusalOf(() => Model({ inputs: [image], outputs: { 'a.b': image } })),
    device: refusalOf(() => Model({ inputs: [image], outputs: [TcpTransport({ to: 'nowhere' })(image)] })),
    crossing: refusalOf(() => Model({ inputs: [image], outputs: [...wide2(image)] })),
    numbering: refusalOf(() => Model({ inputs: [image], outputs: [...Zip()(image, Batch()(image))] })),
  }).toEqual({
    dtype: 'graph.type-mismatch',
    size: 'graph.type-mismatch',
    rank: 'graph.type-mismatch',
    tooFew: 'graph.input-unconnected',
    tooMany: 'graph.port-missing',
    oneZipped: 'graph.params-invalid',
    params: 'graph.params-invalid',
    model: 'model.not-found',
    cut: 'model.tensor-missing',
    calibration: 'graph.calibration-missing',
    unlistedInput: 'graph.input-unconnected',
    noInput: 'graph.change-invalid',
    sameName: 'graph.node-exists',
    badName: 'graph.change-invalid',
    device: 'graph.device-missing',
    crossing: 'graph.wire-crosses-devices',
    numbering: 'graph.numbering-mixed',
  })
})

/** A zip of a tensor here with itself on a server. */
function wide2(image: TypedTensor<'uint8'>) {
  return Zip()(image, TcpTransport({ to: 'ws://a:1' })(image))
}

test('a mismatch says what was expected and found, and what to call before it', () => {
  const image = Input({ dtype: 'uint8', shape: [10, 10, 3], layout: 'HWC' })
  expect(() => OnnxModel({ model: 'mobilenet_v2' })(image)).toThrow(
    'Input input of ONNX model takes float32 [N,3,224,224] NCHW, found uint8 [10,10,3] HWC. Call resize-crop {"width":224,"height":224}, then normalize {"preset":"imagenet-tf"} before it.',
  )
})

test('nodes run where their inputs arrive; the first edge device takes the rest', () => {
  const image = ImageFolder({ path: 'photos' })()
  const labels = TopLabels()(
    OnnxModel({ model: 'mobilenet_v2' })(TcpTransport({ to: 'box' })(Normalize()(Resize()(image)))),
  )
  const devices = { box: { role: 'cloud' }, phone: { role: 'edge' } } as const
  const { nodes } = Model({ outputs: { labels }, devices }).toGraph()
  expect(
    Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, node.device ?? [node.from, node.to]])),
  ).toEqual({
    'image-folder': 'phone',
    'resize-crop': 'phone',
    normalize: 'phone',
    'tcp-transport': ['phone', 'box'],
    'onnx-model': 'box',
    'top-labels': 'box',
    labels: 'box',
  })
})

test('start hands graph, own kinds and frames by input id to the execution', async () => {
  const execution = new RecordingExecution()
  const api = createTestApi(execution)
  class Twice extends Module {
    forward(value: Tensor<'float32'>) {
      return createTensor(
        'float32',
        value.shape,
        value.data.map((each) => each * 2),
      )
    }
  }
  const [a, b] = [api.Input({ dtype: 'float32', shape: [1] }), api.Input({ dtype: 'float32', shape: [1] })]
  const model = api.Model({ inputs: [a, b], outputs: [new Twice()(a), b] })
  const frame = createTensor('float32', [1], Float32Array.of(1))
  model.start({ inputs: [[frame], [{ tensor: frame, source: 'b.png' }]] })
  expect(() => model.start({ inputs: [[frame]] })).toThrow(
    'The model has 2 inputs (input, input-2), found frames for 1.',
  )
  const [request] = execution.requests as [GraphRequest]
  expect(request.graph).toBe(model.toGraph())
  expect(request.kinds.map(({ id }) => id)).toEqual(['custom:Twice'])
  const fed = await Promise.all(Object.entries(request.inputs).map(async ([id, frames]) => [id, await collect(frames)]))
  expect(fed).toEqual([
    ['input', [{ tensor: frame }]],
    ['input-2', [{ tensor: frame, source: 'b.png' }]],
  ])
})

test('deploy hands over the addresses of devices, and refuses one that the model does not have', () => {
  const execution = new RecordingExecution()
  const api = createTestApi(execution)
  const image = api.SyntheticFrames()()
  const model = api.Model({ outputs: [TcpTransport({ to: 'box' })(image)], devices: { box: { role: 'cloud' } } })
  model.deploy({ devices: { box: 'ws://far:5678' } })
  expect(execution.requests.map(({ devices }) => devices)).toEqual([{ box: 'ws://far:5678' }])
  expect(refusalOf(() => model.deploy({ devices: { bax: 'ws://far:5678' } }))).toBe('graph.device-missing')
})

test('the compiler knows dtypes and numbers of outputs', () => {
  const image = Input({ dtype: 'uint8', shape: [10, 10, 3], layout: 'HWC' })
  expectTypeOf(image).toEqualTypeOf<TypedTensor<'uint8'>>()
  expectTypeOf<NonNullable<Parameters<typeof Normalize>[0]>>().toHaveProperty('preset')
  expectTypeOf(Normalize()).toBeCallableWith(image)
  expectTypeOf(Normalize()).parameter(0).not.toEqualTypeOf<TypedTensor<'float32'>>()
  const floats = Cast({ dtype: 'float32' })(image)
  expectTypeOf(floats).toEqualTypeOf<TypedTensor<'float32'>>()
  expectTypeOf(floats).not.toExtend<Parameters<ReturnType<typeof Normalize>>[0]>()
  expectTypeOf(Softmax()(floats)).toEqualTypeOf<TypedTensor<'float32'>>()
  expectTypeOf(Layout({ to: 'NHWC' })(image)).toEqualTypeOf<TypedTensor<'uint8'>>()
  expectTypeOf(Zip()(image, floats)).toEqualTypeOf<readonly [TypedTensor<'uint8'>, TypedTensor<'float32'>]>()
  type OneCut = ReturnType<ReturnType<typeof OnnxModel<readonly ['relu_5']>>>
  type TwoCuts = ReturnType<ReturnType<typeof OnnxModel<readonly ['a', 'b']>>>
  expectTypeOf<OneCut>().toEqualTypeOf<TypedTensor<'float32'>>()
  expectTypeOf<TwoCuts>().toEqualTypeOf<readonly [TypedTensor<'float32'>, TypedTensor<'float32'>]>()
  expectTypeOf(JpegDecoder()).returns.toEqualTypeOf<TypedTensor<'unknown'>>()
  expectTypeOf(Resize).parameter(0).not.toExtend<{ width: string } | undefined>()
})
