import { describe, expect, it } from 'vitest'
import { encodeTilePayload } from '../codecs/tilePayload.ts'
import { emptyResources } from '../graph/graphResources.ts'
import { bytesTensor, createTensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { jpegDecoder } from './jpegDecoder.ts'
import { jpegEncoder } from './jpegEncoder.ts'
import { pngDecoder } from './pngDecoder.ts'
import { pngEncoder } from './pngEncoder.ts'
import { createFakeContext } from './testing/fakeContext.ts'
import { runKind } from './testing/runKind.ts'
import { webpDecoder } from './webpDecoder.ts'
import { webpEncoder } from './webpEncoder.ts'

const picture = createTensor(
  'uint8',
  [2, 3, 3],
  Uint8Array.from({ length: 18 }, (_, index) => index * 9),
)
const grey = createTensor('uint8', [2, 3, 1], Uint8Array.of(0, 50, 100, 150, 200, 250))
const features = createTensor('float32', [1, 3, 1, 2], Float32Array.of(0, 51, 102, 153, 204, 255))

describe.each([
  ['jpeg', jpegEncoder, jpegDecoder],
  ['png', pngEncoder, pngDecoder],
  ['webp', webpEncoder, webpDecoder],
] as const)('%s encoder and decoder', (format, encoder, decoder) => {
  it.each([
    ['a colour picture', picture, format],
    ['a grey picture', grey, format],
    ['features', features, `${format}-tiles`],
  ])('give back %s and its type', async (_what, tensor, codec) => {
    const spec: TensorSpec = { dtype: tensor.dtype, shape: tensor.shape }
    const type: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec, tensor: spec } }
    expect(encoder.inferOutputs({}, { tensor: spec }, emptyResources)).toEqual({ ok: true, value: { bytes: type } })
    expect(decoder.inferOutputs({}, { bytes: type }, emptyResources)).toEqual({
      ok: true,
      value: { tensor: spec },
    })
    const [coded] = await runKind(encoder, {}, [{ inputs: { tensor } }])
    const context = createFakeContext({ inputSpecs: { bytes: type } })
    const frames = [{ inputs: { bytes: coded?.bytes ?? tensor } }]
    expect(await runKind(decoder, {}, frames, context)).toEqual([{ tensor }])
  })
})

describe('image encoders', () => {
  it('refuse what is neither picture nor features, and offer a layout for a batch of pictures', () => {
    const batch: TensorSpec = { dtype: 'uint8', shape: [1, 3, 8, 8] }
    expect(jpegEncoder.inferOutputs({}, { tensor: batch }, emptyResources)).toMatchObject({
      ok: false,
      error: { port: 'tensor', adapter: { kind: 'layout', params: { to: 'HWC' } } },
    })
    const vector: TensorSpec = { dtype: 'float32', shape: [1, 1000] }
    expect(jpegEncoder.inferOutputs({}, { tensor: vector }, emptyResources)).toMatchObject({ ok: false })
  })

  it('refuse such a frame where the type was not known before', async () => {
    const tensor = createTensor('float32', [2, 1, 1, 1], Float32Array.of(1, 2))
    await expect(runKind(pngEncoder, {}, [{ inputs: { tensor } }])).rejects.toMatchObject({
      code: 'tensor.shape-mismatch',
    })
  })

  it('take qualities from 1 to 100', () => {
    expect([0, 1, 100, 101].map((quality) => jpegEncoder.parseParams({ quality }).ok)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

describe('image decoders', () => {
  it('refuse bytes of another codec', () => {
    const bytes: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec: 'png' } }
    expect(jpegDecoder.inferOutputs({}, { bytes }, emptyResources)).toMatchObject({
      ok: false,
      error: { port: 'bytes' },
    })
  })

  it('tell tiles from pictures by the payload where the type is not known', async () => {
    for (const [tensor, expected] of [
      [picture, picture],
      [features, features],
    ] as const) {
      const [coded] = await runKind(jpegEncoder, {}, [{ inputs: { tensor } }])
      const frames = [{ inputs: { bytes: coded?.bytes ?? tensor } }]
      expect(await runKind(jpegDecoder, {}, frames)).toEqual([{ tensor: expected }])
    }
  })

  it('refuse tiles whose header does not fit the picture or the announced shape', async () => {
    const file = await createFakeContext().images.encode(grey, 'jpeg', 90)
    const range = { min: 0, max: 1 }
    const lying = bytesTensor(encodeTilePayload({ channels: 9, height: 500, width: 500, range }, file))
    const code = 'codec.payload-invalid'
    await expect(runKind(jpegDecoder, {}, [{ inputs: { bytes: lying } }])).rejects.toMatchObject({ code })
    const other = bytesTensor(encodeTilePayload({ channels: 1, height: 2, width: 3, range }, file))
    const tensor: TensorSpec = { dtype: 'float32', shape: [1, 1, 3, 2] }
    const bytes: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec: 'jpeg-tiles', tensor } }
    const context = createFakeContext({ inputSpecs: { bytes } })
    await expect(runKind(jpegDecoder, {}, [{ inputs: { bytes: other } }], context)).rejects.toMatchObject({ code })
  })
})
