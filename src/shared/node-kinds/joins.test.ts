import { expect, test } from 'vitest'
import { createTensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { latestJoin } from './latestJoin.ts'
import { merge } from './merge.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'
import { zip } from './zip.ts'

const spec = (over: Partial<TensorSpec> = {}): TensorSpec => ({
  dtype: 'uint8',
  shape: [4, 4, 3],
  layout: 'HWC',
  ...over,
})
const one = createTensor('uint8', [1], Uint8Array.of(1))
const two = createTensor('float32', [1], Float32Array.of(2))
const merged = (in1: TensorSpec, in2: TensorSpec) => merge.inferOutputs({ inputs: 2 }, { in1, in2 }, fakeResources)

test('zip and latest join give each stream back at the output of its number', async () => {
  for (const kind of [zip, latestJoin]) {
    expect(await runKind(kind, {}, [{ inputs: { in1: one, in2: two } }])).toEqual([{ out1: one, out2: two }])
    const inferred = kind.inferOutputs({ inputs: 2 }, { in2: spec() }, fakeResources)
    expect(inferred).toEqual({ ok: true, value: { out2: spec() } })
  }
  expect([zip.join, latestJoin.join, merge.join]).toEqual(['zip', 'latest', 'merge'])
  expect([zip.numbering, latestJoin.numbering, merge.numbering]).toEqual(['kept', 'kept', 'fresh'])
})

test('a join takes 2 to 8 streams', () => {
  const codes = [1, 2, 8, 9].map((inputs) => zip.parseParams({ inputs }).ok)
  expect(codes).toEqual([false, true, true, false])
})

test('merge passes whichever frame came', async () => {
  expect(await runKind(merge, {}, [{ inputs: { in2: two } }, { inputs: { in1: two } }])).toEqual([
    { out: two },
    { out: two },
  ])
})

test('merged streams keep what they have in common: a dimension in which they differ is unknown', () => {
  expect(merged(spec(), spec({ shape: [8, 4, 3] }))).toEqual({
    ok: true,
    value: { out: spec({ shape: [null, 4, 3] }) },
  })
  expect(merge.inferOutputs({ inputs: 3 }, { in1: spec(), in2: spec() }, fakeResources)).toEqual({
    ok: true,
    value: {},
  })
})

test('merge refuses streams of different dtype, rank, layout or encoding, and says what would help', () => {
  const encoded = (codec: string) => spec({ dtype: 'bytes', shape: [null], encoding: { codec } })
  expect(merged(spec(), spec({ dtype: 'float32' }))).toMatchObject({
    ok: false,
    error: { port: 'in2', adapter: { kind: 'cast', params: { dtype: 'uint8' } } },
  })
  expect(merged(spec(), spec({ shape: [4, 4] }))).toMatchObject({ ok: false, error: { port: 'in2' } })
  expect(
    merged(spec({ shape: [1, 4, 4, 3], layout: 'NHWC' }), spec({ shape: [1, 3, 4, 4], layout: 'NCHW' })),
  ).toMatchObject({
    ok: false,
    error: { adapter: { kind: 'layout', params: { to: 'NHWC' } } },
  })
  expect(merged(encoded('jpeg'), encoded('zstd'))).toMatchObject({
    ok: false,
    error: { error: { code: 'graph.type-mismatch' } },
  })
})
