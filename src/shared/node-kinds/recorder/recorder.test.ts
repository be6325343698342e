import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwrap } from '../../errors/result.ts'
import { numericTypes } from '../../tensor/dataType.ts'
import { bytesTensor, createTensor, type Tensor } from '../../tensor/tensor.ts'
import { castTensor } from '../cast.ts'
import { createFakeContext } from '../testing/fakeContext.ts'
import { runKind } from '../testing/runKind.ts'
import { recorder } from './recorder.ts'
import { decodeRecording, encodeRecord, recordingMagic } from './recording.ts'

const numbers = createTensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4))
const tensors: readonly Tensor[] = [
  ...numericTypes.map((dtype) => castTensor(numbers, dtype)),
  bytesTensor(Uint8Array.of(1, 2, 3)),
  createTensor('string', [2], ['ä', '"quoted"']),
  createTensor('float32', [0, 3], new Float32Array()),
]

async function recorded(): Promise<Uint8Array> {
  const context = createFakeContext()
  const frames = tensors.map((value, index) => ({
    inputs: { value },
    seq: index * 3,
    capturedAtNs: 1e18 + index * 1e6,
    source: `${index}.png`,
  }))
  await runKind(recorder, { file: 'run.cfrec' }, frames, context)
  expect(context.closed).toEqual(['run.cfrec'])
  return context.written.get('run.cfrec') ?? new Uint8Array()
}

test('a recording gives back every tensor, number, time and source', async () => {
  const { frames, isTruncated } = unwrap(decodeRecording(await recorded()))
  expect(isTruncated).toBe(false)
  expect(frames.map(({ tensor }) => tensor)).toEqual(tensors)
  expect(frames[2]).toMatchObject({ seq: 6, capturedAtNs: 1e18 + 2e6, source: '2.png' })
})

test('a recording that was cut short gives the frames before the cut', async () => {
  const bytes = await recorded()
  const whole = unwrap(decodeRecording(bytes)).frames
  for (let end = recordingMagic.length; end < bytes.length; end += 13) {
    const { frames, isTruncated } = unwrap(decodeRecording(bytes.subarray(0, end)))
    expect(frames).toEqual(whole.slice(0, frames.length))
    expect(isTruncated || frames.reduce((sum, frame) => sum + encodeRecord(frame).length, 8) === end).toBe(true)
  }
})

test('other bytes and damaged records are refused, never taken for tensors', async () => {
  expect(decodeRecording(new Uint8Array(20))).toMatchObject({ ok: false, error: { code: 'codec.payload-invalid' } })
  const bytes = await recorded()
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] ?? 0) ^ change
      const result = decodeRecording(damaged)
      for (const { tensor } of result.ok ? result.value.frames : []) {
        expect(tensor.data.length).toBe(tensor.shape.reduce((product, dimension) => product * dimension, 1))
      }
    }),
  )
})
