import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { decodeFrame } from './decodeFrame.ts'
import { encodeTensor } from './encodeFrame.ts'
import type { Frame } from './frame.ts'
import { messageOf } from './testing/wireFixtures.ts'

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 8 }).filter((dims) => countOf(dims) <= 4096)
const tensor: fc.Arbitrary<Tensor> = shape.chain((dims) => {
  const count = countOf(dims)
  const of = <T>(element: fc.Arbitrary<T>) => fc.array(element, { minLength: count, maxLength: count })
  const byte = fc.integer({ min: 0, max: 255 })
  return fc.oneof(
    of(fc.float({ noNaN: true })).map((data) => createTensor('float32', dims, new Float32Array(data))),
    of(fc.double({ noNaN: true })).map((data) => createTensor('float64', dims, new Float64Array(data))),
    of(fc.integer({ min: 0, max: 65_535 })).map((data) => createTensor('float16', dims, new Uint16Array(data))),
    of(fc.integer({ min: 0, max: 65_535 })).map((data) => createTensor('uint16', dims, new Uint16Array(data))),
    of(fc.integer({ min: -32_768, max: 32_767 })).map((data) => createTensor('int16', dims, new Int16Array(data))),
    of(byte).map((data) => createTensor('int8', dims, new Int8Array(data))),
    of(byte).map((data) => createTensor('uint8', dims, new Uint8Array(data))),
    of(fc.integer({ min: 0, max: 1 })).map((data) => createTensor('bool', dims, new Uint8Array(data))),
    of(byte).map((data) => createTensor('bytes', dims, new Uint8Array(data))),
    of(fc.integer()).map((data) => createTensor('int32', dims, new Int32Array(data))),
    of(fc.integer()).map((data) => createTensor('uint32', dims, new Uint32Array(data))),
    of(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((data) =>
      createTensor('int64', dims, new BigInt64Array(data)),
    ),
    of(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((data) =>
      createTensor('uint64', dims, new BigUint64Array(data)),
    ),
    of(fc.string({ unit: 'grapheme' })).map((data) => createTensor('string', dims, data)),
  )
})

const origin = fc.record(
  {
    capturedAtNs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    device: fc.integer({ min: 0, max: 65_535 }),
    source: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    trail: fc.array(
      fc.record({ link: fc.integer({ min: 0, max: 65_535 }), bytes: fc.integer({ min: 0, max: 0xffff_ffff }) }),
      { maxLength: 20 },
    ),
  },
  { requiredKeys: ['capturedAtNs', 'device', 'trail'] },
)

test('[W12, W15, W16] a frame of any dtype, shape and origin decodes to itself, whichever dimensions are open', () => {
  const open = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })
  const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(fc.record({ seq, origin, tensor }), open, (frame: Frame, isOpen) => {
      const dims = frame.tensor.shape.map((dim, axis) => (isOpen[axis] === true ? -1 : dim))
      const schema = { id: 0, dtype: frame.tensor.dtype, dims }
      const message = messageOf(encodeTensor(frame, schema, 9))
      const decoded = unwrap(decodeFrame(message, { maxFrameBytes: 1e6, schemas: [schema] }))
      expect(decoded).toEqual({ type: 'tensor', epoch: 9, frame })
    }),
    { numRuns: 2000 },
  )
})

test('[W16] a message that is not aligned decodes all the same', () => {
  const value = createTensor('float64', [3], new Float64Array([1, -2, 0.1]))
  const frame: Frame = { seq: 1, origin: { capturedAtNs: 2, device: 0, trail: [] }, tensor: value }
  const schema = { id: 0, dtype: 'float64', dims: [3] } as const
  const message = messageOf(encodeTensor(frame, schema, 9))
  const shifted = new Uint8Array(message.byteLength + 3)
  shifted.set(message, 3)
  const decoded = unwrap(decodeFrame(shifted.subarray(3), { maxFrameBytes: 1e6, schemas: [schema] }))
  expect(decoded).toEqual({ type: 'tensor', epoch: 9, frame })
})

test('[W24] a source of more than 255 bytes is cut between two characters', () => {
  const value = createTensor('uint8', [0], new Uint8Array(0))
  const source = `${'x'.repeat(253)}é é`
  const frame: Frame = { seq: 1, origin: { capturedAtNs: 2, device: 0, source, trail: [] }, tensor: value }
  const schema = { id: 0, dtype: 'uint8', dims: [0] } as const
  const decoded = unwrap(
    decodeFrame(messageOf(encodeTensor(frame, schema, 9)), { maxFrameBytes: 10, schemas: [schema] }),
  )
  expect(decoded.type === 'tensor' && decoded.frame.origin.source).toBe(`${'x'.repeat(253)}é`)
})

test('[W15] a trail that no longer fits is refused by the sender', () => {
  const trail = Array.from({ length: 700 }, (_, link) => ({ link, bytes: 1 }))
  const value = createTensor('uint8', [0], new Uint8Array(0))
  const frame: Frame = { seq: 1, origin: { capturedAtNs: 2, device: 0, trail }, tensor: value }
  expect(() => encodeTensor(frame, { id: 0, dtype: 'uint8', dims: [0] }, 9)).toThrow('700 links')
})

function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}
