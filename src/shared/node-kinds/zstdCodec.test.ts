import { describe, expect, it } from 'vitest'
import { emptyResources } from '../graph/graphResources.ts'
import { bytesTensor, createTensor, type Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { runKind } from './testing/runKind.ts'
import { zstdDecoder } from './zstdDecoder.ts'
import { zstdEncoder } from './zstdEncoder.ts'

const numbers = Array.from({ length: 24 }, (_, index) => index)
const tensors: readonly Tensor[] = [
  createTensor('float32', [2, 3, 4], Float32Array.from(numbers)),
  createTensor('float64', [24], Float64Array.from(numbers)),
  createTensor('float16', [24], Uint16Array.from(numbers)),
  createTensor('int8', [24], Int8Array.from(numbers)),
  createTensor('uint8', [4, 2, 3], Uint8Array.from(numbers)),
  createTensor('int16', [24], Int16Array.from(numbers)),
  createTensor('uint16', [24], Uint16Array.from(numbers)),
  createTensor('int32', [24], Int32Array.from(numbers)),
  createTensor('uint32', [24], Uint32Array.from(numbers)),
  createTensor('int64', [24], BigInt64Array.from(numbers, BigInt)),
  createTensor('uint64', [24], BigUint64Array.from(numbers, BigInt)),
  createTensor('bool', [], Uint8Array.of(1)),
  createTensor('float32', [0, 5], new Float32Array(0)),
  bytesTensor(Uint8Array.from(numbers)),
]

describe('zstd-encoder and zstd-decoder', () => {
  it.each(tensors.map((tensor) => [tensor.dtype, tensor.shape, tensor] as const))(
    '[C11] give back %s %j',
    async (_dtype, _shape, tensor) => {
      expect(await runKind(zstdDecoder, {}, [{ inputs: { bytes: await coded(tensor) } }])).toEqual([{ tensor }])
    },
  )

  it('give back the type', () => {
    const tensor: TensorSpec = { dtype: 'uint8', shape: [null, null, 3], layout: 'HWC' }
    const bytes: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec: 'zstd', tensor } }
    const types = zstdEncoder.inferOutputs({ level: 3 }, { tensor }, emptyResources)
    expect(types).toEqual({ ok: true, value: { bytes } })
    expect(zstdDecoder.inferOutputs({}, { bytes }, emptyResources)).toEqual({ ok: true, value: { tensor } })
  })

  it('make zeros short', async () => {
    const zeros = createTensor('float32', [100, 100], new Float32Array(10_000))
    expect((await coded(zeros)).data.length).toBeLessThan(60)
  })
})

describe('zstd-decoder', () => {
  const code = 'codec.payload-invalid'

  it('refuses a payload that unpacks to more or less than it announces', async () => {
    const bytes = (await coded(createTensor('uint8', [24], Uint8Array.from(numbers)))).data
    const announcing = (length: number) => {
      const lying = Uint8Array.from(bytes, (byte, index) => (index === 3 ? length : byte))
      return runKind(zstdDecoder, {}, [{ inputs: { bytes: bytesTensor(lying) } }])
    }
    await expect(announcing(25)).rejects.toMatchObject({ code })
    await expect(announcing(23)).rejects.toThrow()
  })

  it.each([
    ['nothing', []],
    ['another mark', [0xc1, 1, 0]],
    ['an unknown dtype', [0xc2, 13, 0]],
    ['more than 256 MiB', [0xc2, 1, 1, 0x80, 0x80, 0x80, 0x21]],
  ])('refuses %s', async (_what, bytes) => {
    const payload = bytesTensor(Uint8Array.from(bytes))
    await expect(runKind(zstdDecoder, {}, [{ inputs: { bytes: payload } }])).rejects.toMatchObject({ code })
  })

  it('refuses bytes of another codec', () => {
    const bytes: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec: 'jpeg' } }
    expect(zstdDecoder.inferOutputs({}, { bytes }, emptyResources)).toMatchObject({
      ok: false,
      error: { port: 'bytes' },
    })
  })
})

async function coded(tensor: Tensor): Promise<Tensor<'bytes'>> {
  const [outputs] = await runKind(zstdEncoder, {}, [{ inputs: { tensor } }])
  const bytes = outputs?.bytes
  return bytes?.dtype === 'bytes' ? bytes : bytesTensor(new Uint8Array())
}
