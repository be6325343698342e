import { expect, test } from 'vitest'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { formatRow, table } from './table.ts'
import { createFakeContext } from './testing/fakeContext.ts'
import { fakeResources } from './testing/fakeResources.ts'
import { runKind } from './testing/runKind.ts'

async function written(tensors: readonly Tensor[], spec?: TensorSpec) {
  const context = createFakeContext(spec === undefined ? {} : { inputSpecs: { value: spec } })
  await runKind(
    table,
    { file: 'out.csv' },
    tensors.map((value, seq) => ({ inputs: { value }, seq: seq * 2, source: `${seq}.jpg` })),
    context,
  )
  expect(context.closed).toEqual(['out.csv'])
  return new TextDecoder().decode(context.written.get('out.csv'))
}

test('labels become index, label and score columns, one row a frame', async () => {
  const spec: TensorSpec = { dtype: 'string', shape: [1], encoding: { codec: 'top-labels' } }
  const label = createTensor('string', [1], ['{"index":7,"label":"cock, \\"rooster\\"","score":0.5}'])
  expect(await written([label, label], spec)).toBe(
    'seq,source,index_1,label_1,score_1\r\n0,0.jpg,7,"cock, ""rooster""",0.5\r\n2,1.jpg,7,"cock, ""rooster""",0.5\r\n',
  )
})

test('a few numbers become columns, a single one is called value', async () => {
  expect(await written([createTensor('int64', [], BigInt64Array.of(5n))])).toBe('seq,source,value\r\n0,0.jpg,5\r\n')
  expect(await written([createTensor('float32', [2], Float32Array.of(0.5, -1))])).toBe(
    'seq,source,value_1,value_2\r\n0,0.jpg,0.5,-1\r\n',
  )
})

test('cells with commas, quotes and line breaks are quoted as RFC 4180 says', () => {
  expect(formatRow(['a', 'b,c', 'd"e', 'f\ng'])).toBe('a,"b,c","d""e","f\ng"\r\n')
})

test('whole tensors are refused, when typed and when run', async () => {
  const spec: TensorSpec = { dtype: 'float32', shape: [1, 1000] }
  expect(table.inferOutputs({ file: 'a.csv' }, { value: spec }, fakeResources)).toMatchObject({
    ok: false,
    error: { port: 'value' },
  })
  await expect(written([createTensor('float32', [100], new Float32Array(100))])).rejects.toMatchObject({
    code: 'tensor.too-large',
  })
})

test('a file name that leads out of the output folder is refused', () => {
  const accepted = ['results.csv', '../x.csv', 'a/b.csv', 'a\\b.csv', '.hidden', '/etc/x', ''].map(
    (file) => table.parseParams({ file }).ok,
  )
  expect(accepted).toEqual([true, false, false, false, false, false, false])
})
