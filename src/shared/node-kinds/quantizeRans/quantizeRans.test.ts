import { describe, expect, it } from 'vitest'
import { calibrate } from '../../codecs/calibrate.ts'
import { summariseCalibration, writeCalibration } from '../../codecs/calibration.ts'
import { unwrap } from '../../errors/result.ts'
import { emptyResources, type GraphResources } from '../../graph/graphResources.ts'
import { bytesTensor, createTensor } from '../../tensor/tensor.ts'
import type { TensorSpec } from '../../tensor/tensorSpec.ts'
import { dequantizeRans } from '../dequantizeRans.ts'
import { blobRef, createFakeContext } from '../testing/fakeContext.ts'
import { runKind } from '../testing/runKind.ts'
import { quantizeRans } from './quantizeRans.ts'

const hash = 'a'.repeat(64)
const spec: TensorSpec = { dtype: 'float32', shape: ['N', 2, 6, 6] }
const values = Float32Array.from({ length: 72 }, (_, index) => Math.round(50 * Math.sin(index / 5)) / 10)
const calibration = unwrap(calibrate([values], spec, { levels: 16 }))
const resources: GraphResources = {
  ...emptyResources,
  calibration: (asked) => (asked === hash ? summariseCalibration(calibration, hash) : undefined),
}
const params = { levels: 16, calibration: hash }
const encoded = { dtype: 'bytes', shape: [null], encoding: { codec: 'quantize-rans', tensor: spec, params } } as const

function contextOf(inputSpecs: Readonly<Record<string, TensorSpec>>) {
  const blobs = { [hash]: new TextEncoder().encode(writeCalibration(calibration)) }
  return createFakeContext({ inputSpecs, blobs, assets: { calibration: [blobRef(hash)] } })
}

describe('quantize-rans and dequantize-rans', () => {
  it('give back the tensor, rounded to its levels, and its type', async () => {
    const tensor = createTensor('float32', [1, 2, 6, 6], values)
    const [coded] = await runKind(quantizeRans, params, [{ inputs: { tensor } }], contextOf({ tensor: spec }))
    const bytes = coded?.bytes ?? bytesTensor(new Uint8Array())
    const [decoded] = await runKind(dequantizeRans, {}, [{ inputs: { bytes } }], contextOf({ bytes: encoded }))
    expect(bytes.data.length).toBeLessThan(72)
    const back = decoded?.tensor
    expect(back).toMatchObject({ dtype: 'float32', shape: [1, 2, 6, 6] })
    const step = 1 / calibration.scale
    for (const [index, value] of values.entries()) {
      expect(Math.abs(Number(back?.data[index]) - value)).toBeLessThanOrEqual(step)
    }
    expect(quantizeRans.inferOutputs(params, { tensor: spec }, resources)).toEqual({
      ok: true,
      value: { bytes: encoded },
    })
    expect(dequantizeRans.inferOutputs({}, { bytes: encoded }, resources)).toEqual({
      ok: true,
      value: { tensor: spec },
    })
  })

  it('ask for the same calibration on both devices', () => {
    const asset = { calibration: { type: 'calibration', hash } }
    expect(quantizeRans.assets(params, { tensor: spec }, resources)).toEqual(asset)
    expect(dequantizeRans.assets({}, { bytes: encoded }, resources)).toEqual(asset)
  })
})

describe('quantize-rans', () => {
  const problemOf = (given: object, tensor: TensorSpec) =>
    quantizeRans.inferOutputs(unwrap(quantizeRans.parseParams({ ...given })), { tensor }, resources)

  it('says that it must be calibrated first', () => {
    expect(problemOf({}, spec)).toMatchObject({ ok: false, error: { error: { code: 'graph.calibration-missing' } } })
  })

  it('refuses a calibration for other levels or another shape, and takes any batch', () => {
    const code = 'graph.calibration-mismatch'
    expect(problemOf({ ...params, levels: 8 }, spec)).toMatchObject({ ok: false, error: { error: { code } } })
    const wider = { ...spec, shape: ['N', 2, 6, 7] }
    expect(problemOf(params, wider)).toMatchObject({ ok: false, error: { error: { code }, port: 'tensor' } })
    expect(problemOf(params, { ...spec, shape: [8, 2, 6, 6] })).toMatchObject({ ok: true })
  })

  it('leaves a calibration that nobody found to whoever loads it', () => {
    expect(quantizeRans.inferOutputs(params, { tensor: spec }, emptyResources)).toMatchObject({ ok: true })
  })

  it('offers a cast for other numbers', () => {
    const adapter = { kind: 'cast', params: { dtype: 'float32' } }
    expect(problemOf(params, { ...spec, dtype: 'float16' })).toMatchObject({ ok: false, error: { adapter } })
  })

  it('refuses a calibration blob for other levels while the device prepares', async () => {
    await expect(runKind(quantizeRans, { ...params, levels: 8 }, [], contextOf({}))).rejects.toMatchObject({
      code: 'graph.calibration-mismatch',
    })
  })

  it.each([[{ levels: 1 }], [{ levels: 257 }], [{ levels: 2.5 }], [{ calibration: 'A'.repeat(64) }]])(
    'refuses params %j',
    (wrong) => {
      expect(quantizeRans.parseParams(wrong)).toMatchObject({ ok: false, error: { code: 'graph.params-invalid' } })
    },
  )
})

describe('dequantize-rans', () => {
  it('refuses bytes of another codec, with both types', () => {
    const jpeg: TensorSpec = { dtype: 'bytes', shape: [null], encoding: { codec: 'jpeg' } }
    const result = dequantizeRans.inferOutputs({}, { bytes: jpeg }, resources)
    expect(result).toMatchObject({ ok: false, error: { port: 'bytes', error: { code: 'graph.type-mismatch' } } })
    expect(result.ok ? '' : result.error.error.message).toMatch(
      /takes bytes of quantize-rans, found bytes \[\?\] of jpeg/,
    )
  })

  it('refuses a payload that holds another shape than was announced', async () => {
    const tensor = createTensor('float32', [2, 2, 6, 6], Float32Array.of(...values, ...values))
    const [coded] = await runKind(quantizeRans, params, [{ inputs: { tensor } }], contextOf({}))
    const single = { ...encoded, encoding: { ...encoded.encoding, tensor: { ...spec, shape: [1, 2, 6, 6] } } }
    const context = contextOf({ bytes: single })
    const frames = [{ inputs: { bytes: coded?.bytes ?? tensor } }]
    await expect(runKind(dequantizeRans, {}, frames, context)).rejects.toMatchObject({ code: 'codec.payload-invalid' })
  })

  it('refuses to prepare when nobody knows how its bytes were made', async () => {
    await expect(runKind(dequantizeRans, {}, [], contextOf({}))).rejects.toMatchObject({ code: 'graph.type-mismatch' })
  })
})
