import { createModelLibrary } from '../../src/host/models/modelLibrary.ts'
import { unwrap } from '../../src/shared/errors/result.ts'
import { createTensor } from '../../src/shared/tensor/tensor.ts'
import { elementCountOf } from '../../src/shared/tensor/tensorSpec.ts'

const model = 'mobilenet_v2'
/** The clients send what a phone would at a late cut: small frames, a short tail. */
const maxFrameBytes = 8 * 1024

export interface TailRun {
  readonly document: object
  /** Of the tensor that goes to the server. */
  readonly shape: readonly number[]
}

/** The end of a network on a server, fed and read by a client. */
export async function tailRun(): Promise<TailRun> {
  const { cut, shape } = await lateCut()
  return { document: tailGraph(cut, shape), shape }
}

async function lateCut(): Promise<{ cut: string; shape: readonly number[] }> {
  const cuts = unwrap(await createModelLibrary().cuts(model, 1)).cuts
  const small = cuts.filter(({ tensors, bytes }) => tensors.length === 1 && (bytes ?? Infinity) <= maxFrameBytes)
  const tensor = small[0]?.tensors[0]
  if (tensor === undefined) throw new Error(`${model} has no cut of at most ${maxFrameBytes} bytes`)
  return { cut: tensor.name, shape: (tensor.shape ?? []).map((size) => (typeof size === 'number' ? size : 1)) }
}

function tailGraph(cut: string, shape: readonly number[]): object {
  return {
    title: 'A tail for many clients',
    devices: { server: { role: 'cloud' } },
    nodes: {
      frames: { kind: 'graph-input', device: 'server', params: { dtype: 'float32', shape } },
      tail: { kind: 'onnx-model', device: 'server', params: { model, inputs: [cut] } },
      out: { kind: 'graph-output', device: 'server', params: {} },
    },
    wires: [
      { from: 'frames.value', to: `tail.${cut}` },
      { from: 'tail.logits', to: 'out.value' },
    ],
  }
}

export function randomTensor(shape: readonly number[]) {
  const data = new Float32Array(elementCountOf(shape) ?? 1)
  for (let i = 0; i < data.length; i++) data[i] = Math.random()
  return createTensor('float32', shape, data)
}
