import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { extractPart } from '../../src/shared/onnx/extractPart.ts'
import { type LegalCut, legalCuts } from '../../src/shared/onnx/legalCuts.ts'
import { readModel } from '../../src/shared/onnx/readModel.ts'
import { inception } from '../../src/shared/onnx/testing/inception.ts'
import { networks } from './support/networks.ts'
import { loadPhotos } from './support/photos.ts'

const photos = await loadPhotos()

/** Some cuts of one tensor and some of several, spread over the network from its beginning to its end. */
function chooseCuts(cuts: readonly LegalCut[], singles: number, several: number): LegalCut[] {
  const spread = (list: readonly LegalCut[], count: number): LegalCut[] =>
    list.filter(
      (_, index) =>
        list.length <= count ||
        Math.floor((index * count) / list.length) !== Math.floor(((index - 1) * count) / list.length),
    )
  return [
    ...spread(
      cuts.filter(({ tensors }) => tensors.length === 1),
      singles,
    ),
    ...spread(
      cuts.filter(({ tensors }) => tensors.length > 1),
      several,
    ),
  ]
}

describe.each(networks)('head and tail of $name', ({ name, bytes }) => {
  test('together give what the uncut network gives, on every sample photo and at cuts from its beginning to its end', async () => {
    const read = readModel(bytes)
    if (!read.ok) throw read.error
    const model = read.value
    const whole = await openNetwork(bytes)
    expect(photos.size).toBe(6)
    const expected = new Map<string, Float32Array>()
    for (const [photo, pixels] of photos) expected.set(photo, await classify(whole, pixels))
    const cuts = chooseCuts(legalCuts(model).cuts, name === 'resnet50' ? 4 : 6, 4)
    expect(cuts.length).toBeGreaterThanOrEqual(6)
    for (const cut of cuts) {
      const tensors = cut.tensors.map((tensor) => tensor.name)
      const head = await openPart(extractPart(model, { outputs: tensors }))
      const tail = await openPart(extractPart(model, { inputs: tensors }))
      for (const [photo, pixels] of photos) {
        const between = await head.run({ input: picture(pixels) })
        expect(Object.keys(between).sort()).toEqual([...tensors].sort())
        for (const { name: tensor, shape, dtype } of cut.tensors) {
          expect([tensor, between[tensor]?.type, between[tensor]?.dims]).toEqual([
            tensor,
            dtype,
            shape.map((size) => (size === 'N' ? 1 : size)),
          ])
        }
        expectSameScores(
          scoresOf(await tail.run(between)),
          expected.get(photo) ?? new Float32Array(),
          `${cut.id} on ${photo}`,
        )
      }
      await head.release()
      await tail.release()
    }
  })
})

test('every cut of a network with inception blocks, of one and of several tensors, gives what the uncut network gives', async () => {
  const bytes = inception()
  const read = readModel(bytes)
  if (!read.ok) throw read.error
  const { cuts, incomplete } = legalCuts(read.value)
  expect(incomplete).toBe(false)
  expect(new Set(cuts.map(({ tensors }) => tensors.length))).toEqual(new Set([1, 2, 3, 4]))
  const pixels = Float32Array.from({ length: 3 * 16 * 16 }, (_, index) => Math.sin(index))
  const feeds = { input: new ort.Tensor('float32', pixels, [1, 3, 16, 16]) }
  const expected = scoresOf(await (await openNetwork(bytes)).run(feeds))
  for (const cut of cuts) {
    const tensors = cut.tensors.map((tensor) => tensor.name)
    const head = await openPart(extractPart(read.value, { outputs: tensors }))
    const tail = await openPart(extractPart(read.value, { inputs: tensors }))
    expectSameScores(scoresOf(await tail.run(await head.run(feeds))), expected, cut.id)
    await head.release()
    await tail.release()
  }
})

function openNetwork(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 })
}

function openPart(part: ReturnType<typeof extractPart>): Promise<ort.InferenceSession> {
  if (!part.ok) throw part.error
  return openNetwork(part.value)
}

function picture(pixels: Float32Array): ort.Tensor {
  return new ort.Tensor('float32', pixels, [1, 3, 224, 224])
}

async function classify(network: ort.InferenceSession, pixels: Float32Array): Promise<Float32Array> {
  return scoresOf(await network.run({ input: picture(pixels) }))
}

function scoresOf(results: ort.InferenceSession.OnnxValueMapType): Float32Array {
  const [scores] = Object.values(results)
  if (!(scores?.data instanceof Float32Array)) throw new Error('the network gave no scores')
  return scores.data
}

/** The bound of the specification: 1e-4 by element, and the same best class. */
function expectSameScores(found: Float32Array, expected: Float32Array, where: string): void {
  expect(found.length, where).toBe(expected.length)
  let worst = 0
  for (const [index, score] of expected.entries())
    worst = Math.max(worst, Math.abs(score - (found[index] ?? Number.NaN)))
  expect(worst, where).toBeLessThanOrEqual(1e-4)
  expect(found.indexOf(Math.max(...found)), where).toBe(expected.indexOf(Math.max(...expected)))
}
