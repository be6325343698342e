import { from, map, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AppError,
  createTensor,
  Input,
  LatestJoin,
  Merge,
  Model,
  Module,
  Server,
  StreamModule,
  TcpTransport,
  type Tensor,
  Zip,
} from '../src/index.ts'
import { tempFolder } from './support/tempFolder.ts'

/** Own modules over one number a frame. */
class Add extends Module {
  readonly #amount: number

  constructor(amount: number) {
    super()
    this.#amount = amount
  }

  forward(value: Tensor<'float32'>) {
    return createTensor('float32', [1], Float32Array.of((value.data[0] ?? 0) + this.#amount))
  }
}

class Sum extends Module {
  async forward(a: Tensor<'float32'>, b: Tensor<'float32'>) {
    return createTensor('float32', [1], Float32Array.of((a.data[0] ?? 0) + (b.data[0] ?? 0)))
  }
}

class OnlyEven extends Module {
  forward(value: Tensor<'float32'>) {
    return (value.data[0] ?? 0) % 2 === 0 ? value : undefined
  }
}

class Pairs extends StreamModule {
  override async *forward(frames: AsyncIterable<readonly [Tensor<'float32'>]>) {
    let previous: number | undefined
    for await (const [frame] of frames) {
      const value = frame.data[0] ?? 0
      if (previous === undefined) previous = value
      else {
        yield createTensor('float32', [2], Float32Array.of(previous, value))
        previous = undefined
      }
    }
  }
}

const number = () => Input({ shape: [1], dtype: 'float32' })
const tensors = (...values: readonly number[]) =>
  values.map((value) => createTensor('float32', [1], Float32Array.of(value)))

async function all(frames: AsyncIterable<{ seq: number; tensor: Tensor }> | undefined): Promise<[number, number[]][]> {
  const seen: [number, number[]][] = []
  for await (const { seq, tensor } of frames ?? []) seen.push([seq, Array.from(tensor.data, Number)])
  return seen
}

describe('a model run in this process', () => {
  it('joins the branches of a diamond by frame number; what one branch skips is skipped', async () => {
    const x = number()
    const [left, right] = Zip()(new Add(10)(x), new OnlyEven()(x))
    const { outputs, done } = Model({ inputs: [x], outputs: [new Sum()(left, right)] }).start({
      inputs: [tensors(0, 1, 2, 3, 4)],
    })
    expect(await all(outputs[0])).toEqual([
      [0, [10]],
      [2, [14]],
      [4, [18]],
    ])
    await done
  })

  it('merges streams: every frame of both arrives, with numbers of its own', async () => {
    const x = number()
    const merged = Merge()(new Add(0)(x), new Add(100)(x))
    const seen = await all(Model({ inputs: [x], outputs: [merged] }).start({ inputs: [tensors(1, 2, 3)] }).outputs[0])
    expect(seen.map(([seq]) => seq)).toEqual([0, 1, 2, 3, 4, 5])
    expect(seen.map(([, [value]]) => value).sort((a = 0, b = 0) => a - b)).toEqual([1, 2, 3, 101, 102, 103])
  })

  it('joins each frame of the first input with the newest of the other', async () => {
    const [x, other] = [number(), number()]
    const [left, right] = LatestJoin()(x, other)
    const run = Model({ inputs: [x, other], outputs: [new Sum()(left, right)] }).start({
      inputs: [tensors(1, 2, 3), tensors(10)],
    })
    for (const [, [value]] of await all(run.outputs[0])) expect([11, 12, 13]).toContain(value)
    await run.done
  })

  it('runs stream modules, and gives several outputs by name', async () => {
    const x = number()
    const model = Model({ inputs: [x], outputs: { pairs: new Pairs()(x), plain: new Add(1)(x) } })
    const run = model.start({ inputs: [tensors(1, 2, 3, 4)] })
    const [pairs, plain] = await Promise.all([all(run.byName.pairs), all(run.byName.plain)])
    expect(pairs).toEqual([
      [0, [1, 2]],
      [1, [3, 4]],
    ])
    expect(plain.map(([, [value]]) => value)).toEqual([2, 3, 4, 5])
  })

  it('takes an Observable and gives Observables', async () => {
    const x = number()
    const run = Model({ inputs: [x], outputs: [new Add(1)(x)] }).start({ inputs: [from(tensors(1, 2))] })
    const seen = await new Promise((resolve, reject) =>
      run.outputs[0]
        ?.pipe(
          map(({ tensor }) => tensor.data[0]),
          toArray(),
        )
        .subscribe({ next: resolve, error: reject }),
    )
    expect(seen).toEqual([2, 3])
  })

  it('ends with the error of a module, which names the node', async () => {
    class Fails extends Module {
      forward(_value: Tensor<'float32'>): Tensor<'float32'> {
        throw new Error('out of cheese')
      }
    }
    const x = number()
    const run = Model({ inputs: [x], outputs: [new Fails()(x)] }).start({ inputs: [tensors(1)] })
    await expect(run.done).rejects.toMatchObject({
      code: 'node.failed',
      message: expect.stringContaining('out of cheese'),
    })
    await expect(all(run.outputs[0])).rejects.toBeInstanceOf(AppError)
  })

  it('stops in the middle of an endless input that is idle', async () => {
    const x = number()
    async function* silent() {
      yield* tensors(1)
      await new Promise(() => undefined)
    }
    const run = Model({ inputs: [x], outputs: [new Add(1)(x)] }).start({ inputs: [silent()] })
    const reader = run.outputs[0]?.[Symbol.asyncIterator]()
    expect((await reader?.next())?.value.tensor.data[0]).toBe(2)
    await run.stop()
    expect(await reader?.next()).toMatchObject({ done: true })
  })

  it('refuses a wrong shape when the graph is built', () => {
    const picture = Input({ shape: [224, 224, 3], dtype: 'uint8' })
    class Two extends Module {
      override readonly inputs = [{ label: 'Two numbers', expects: { dtype: 'float32', shape: [2] } }] as const
      forward(value: Tensor) {
        return value
      }
    }
    expect(() => new Two()(picture)).toThrow(/uint8 \[224,224,3\]/)
  })
})

describe('a model deployed across devices', () => {
  let server: Server
  let address = ''

  beforeAll(async () => {
    server = new Server({ port: 0 })
    address = await server.start()
  })
  afterAll(() => server.stop())

  it('sends its cloud part to a blank server and keeps own modules here', async () => {
    const x = number()
    const sent = TcpTransport({ to: 'server' })(new Add(1)(x))
    const returned = TcpTransport({ to: 'here' })(sent)
    const model = Model({
      inputs: [x],
      outputs: [new Add(10)(returned)],
      devices: { here: { role: 'edge' }, server: { role: 'cloud' } },
    })
    const run = model.deploy({ inputs: [tensors(1, 2, 3)], devices: { server: address } })
    const seen: number[] = []
    let bytes = 0
    for await (const { tensor, wireBytes } of run.outputs[0] ?? []) {
      seen.push(Number(tensor.data[0]))
      bytes = wireBytes
    }
    expect(seen).toEqual([12, 13, 14])
    expect(bytes).toBeGreaterThan(80)
  })

  it('says device.unreachable when nobody listens', async () => {
    const x = number()
    const model = Model({
      inputs: [x],
      outputs: [TcpTransport({ to: 'here' })(TcpTransport({ to: 'server' })(x))],
      devices: { here: { role: 'edge' }, server: { role: 'cloud' } },
    })
    const run = model.deploy({ inputs: [tensors(1)], devices: { server: 'ws://127.0.0.1:1' } })
    await expect(run.done).rejects.toMatchObject({ code: 'device.unreachable' })
  })

  it('is embedded twice in one process on ports of their own, each with its data folder', async () => {
    const second = new Server({ port: 0, dataDir: tempFolder() })
    expect(await second.start()).not.toBe(address)
    await second.stop()
    expect(second.address).toBeUndefined()
  })
})
