import { expect, expectTypeOf, test } from 'vitest'
import { nodeKinds } from '../node-kinds/index.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import { runKind } from '../node-kinds/testing/runKind.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { Module, StreamModule } from './module.ts'
import * as modules from './modules.ts'
import type { TypedTensor } from './symbolicTensor.ts'
import { createTestApi } from './testing/testApi.ts'

const { Input, Model } = createTestApi()

class Scale extends Module {
  readonly factor: number
  constructor(factor: number) {
    super()
    this.factor = factor
  }
  forward(value: Tensor<'float32'>) {
    return createTensor(
      'float32',
      value.shape,
      value.data.map((each) => each * this.factor),
    )
  }
  override inferOutputs(value: TensorSpec) {
    return value
  }
}

class Halves extends Module {
  override readonly outputCount = 2
  override readonly inputs = [{ label: 'Values', accepts: 'float32' }] as const
  async forward(value: Tensor<'float32'>): Promise<readonly [Tensor<'float32'>, Tensor<'float32'>] | undefined> {
    if (value.data.length < 2) return undefined
    const middle = value.data.length / 2
    const [low, high] = [value.data.subarray(0, middle), value.data.subarray(middle)]
    return [createTensor('float32', [middle], low), createTensor('float32', [middle], high)]
  }
}

class Pairs extends StreamModule {
  async *forward(frames: AsyncIterable<readonly [Tensor<'float32'>]>) {
    let last: Tensor<'float32'> | undefined
    for await (const [frame] of frames) {
      if (last !== undefined) yield createTensor('float32', [2], Float32Array.of(...last.data, ...frame.data))
      last = frame
    }
  }
}

const value = (...values: readonly number[]) => createTensor('float32', [values.length], Float32Array.from(values))
const frames = (...rows: readonly (readonly number[])[]) => rows.map((row) => ({ inputs: { in1: value(...row) } }))

function kindOf(tensor: { readonly node: { readonly kind: NodeKind } }): NodeKind {
  return tensor.node.kind
}

test('a module of own code runs its forward once a frame', async () => {
  const scaled = new Scale(3)(Input({ dtype: 'float32', shape: [2] }))
  expect(scaled.spec).toEqual({ dtype: 'float32', shape: [2] })
  expect(await runKind(kindOf(scaled), {}, frames([1, 2], [5, 7]))).toEqual([
    { out1: value(3, 6) },
    { out1: value(15, 21) },
  ])
})

test('forward may be asynchronous, give several tensors, and skip a frame', async () => {
  const [low] = new Halves()(Input({ dtype: 'float32', shape: [null] }))
  expect(await runKind(kindOf(low), {}, frames([1, 2], [3], [4, 5]))).toEqual([
    { out1: value(1), out2: value(2) },
    undefined,
    { out1: value(4), out2: value(5) },
  ])
})

test('a stream module sees the whole stream and numbers its frames afresh', async () => {
  const pairs = new Pairs()(Input({ dtype: 'float32', shape: [1] }))
  expect(kindOf(pairs).numbering).toBe('fresh')
  expect(await runKind(kindOf(pairs), {}, frames([1], [2], [3]))).toEqual([
    { out1: value(1, 2) },
    { out1: value(2, 3) },
  ])
})

test('a module that gives another number of tensors than it promised fails on the frame', async () => {
  class Liar extends Module {
    forward(): readonly Tensor[] {
      return [value(1), value(2)]
    }
    override readonly inputs = [{ label: 'In' }]
  }
  const call: (tensor: TypedTensor<'float32'>) => unknown = new Liar() as never
  const lied = call(Input({ dtype: 'float32', shape: [1] })) as TypedTensor<'float32'>
  await expect(runKind(kindOf(lied), {}, frames([1]))).rejects.toThrow('Liar has outputCount 1, but gave 2 tensors')
})

test('one instance is one kind wherever it is called; another instance of its class is another kind', () => {
  const input = Input({ dtype: 'float32', shape: [1] })
  const twice = new Scale(2)
  const model = Model({ inputs: [input], outputs: [new Scale(3)(twice(twice(input)))] })
  const kinds = Object.entries(model.toGraph().nodes).map(([id, { kind }]) => [id, kind])
  expect(kinds).toEqual([
    ['input', 'graph-input'],
    ['Scale', 'custom:Scale'],
    ['Scale-2', 'custom:Scale'],
    ['Scale-3', 'custom:Scale-2'],
    ['output', 'graph-output'],
  ])
  expect(model.kinds.map(({ id }) => id)).toEqual(['custom:Scale', 'custom:Scale-2'])
  const { kinds: own } = model
  expect(Model.fromGraph(model.toGraph(), { kinds: own }).parts.inputs).toHaveLength(1)
  expect(() => Model.fromGraph(model.toGraph()).parts).toThrow('which is not installed')
})

test('arity and dtype of own modules are checked when they are called', () => {
  const call = (module: unknown, ...tensors: readonly unknown[]) =>
    (module as (...given: readonly unknown[]) => unknown)(...tensors)
  const floats = Input({ dtype: 'float32', shape: [1] })
  expect(() => call(new Scale(1))).toThrow('Scale takes 1 tensor (in1), found 0')
  expect(() => call(new Scale(1), floats, floats)).toThrow('Scale takes 1 tensor (in1), found 2')
  expect(() => call(new Halves(), Input({ dtype: 'uint8', shape: [1] }))).toThrow('takes float32, found uint8 [1]')
})

test('what a module takes and gives follows from its forward', () => {
  expectTypeOf(new Scale(1)).returns.toEqualTypeOf<TypedTensor<'float32'>>()
  expectTypeOf(new Scale(1)).toBeCallableWith(Input({ dtype: 'float32', shape: [1] }))
  expectTypeOf(new Halves()).returns.toEqualTypeOf<readonly [TypedTensor<'float32'>, TypedTensor<'float32'>]>()
  expectTypeOf(new Pairs()).returns.toEqualTypeOf<TypedTensor<'float32'>>()
  expectTypeOf<TypedTensor<'uint8'>>().not.toExtend<Parameters<Scale>[0]>()
})

test('every kind that can be called has a module, called like it', () => {
  const made = new Set(Object.keys(modules).map((name) => name.toLowerCase()))
  const others = ['graphinput', 'graphoutput', 'imagefolder', 'syntheticframes']
  const names: Readonly<Record<string, string>> = { 'resize-crop': 'resize' }
  const missing = nodeKinds
    .map(({ id }) => (names[id] ?? id).replaceAll('-', ''))
    .filter((name) => !made.has(name) && !others.includes(name))
  expect(missing).toEqual([])
})
