import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { colliflow, repository } from '../support/colliflow.ts'
import { tempFolder } from '../support/tempFolder.ts'

const shipped = join(repository, 'models/mobilenet_v2.onnx')

describe('colliflow models', () => {
  it('lists the shipped network', async () => {
    const { lines } = await colliflow(['models', 'list', '--json'], { env: { COLLIFLOW_HOME: tempFolder() } })
    expect(lines).toContainEqual(
      expect.objectContaining({ name: 'mobilenet_v2', preset: 'imagenet-tf', labels: 'imagenet' }),
    )
  })

  it('shows its ports, licence and hash', async () => {
    const { lines } = await colliflow(['models', 'show', 'mobilenet_v2', '--json'])
    expect(lines[0]).toMatchObject({
      licence: 'Apache-2.0',
      sha256: createHash('sha256').update(readFileSync(shipped)).digest('hex'),
      inputs: { input: { dtype: 'float32' } },
      outputs: { logits: { dtype: 'float32' } },
    })
  })

  it('lists its cuts in topological order: bytes of each, weights that move from tail to head', async () => {
    const { exitCode, lines } = await colliflow(['models', 'cuts', 'mobilenet_v2', '--json'])
    expect(exitCode).toBe(0)
    const cut = lines.find(({ id }) => id === 'block10/add')
    expect(cut).toMatchObject({ tensors: [{ name: 'block10/add', dtype: 'float32' }], bytes: expect.any(Number) })
    const single = lines.filter(({ tensors }) => (tensors as unknown[]).length === 1)
    const heads = single.map(({ headWeightBytes }) => Number(headWeightBytes))
    expect(heads).toEqual([...heads].sort((a, b) => a - b))
    expect(single.length).toBeGreaterThan(40)
    expect(lines.length).toBeGreaterThan(single.length)
  })

  it('adds a file under a name, again without complaint, and refuses another file under that name', async () => {
    const env = { COLLIFLOW_HOME: tempFolder() }
    const file = join(tempFolder(), 'mine.onnx')
    copyFileSync(shipped, file)
    const add = () =>
      colliflow(['models', 'add', file, '--preset', 'imagenet-tf', '--labels', 'imagenet', '--json'], { env })
    expect(await add()).toMatchObject({ exitCode: 0, lines: [{ name: 'mine' }] })
    expect(await add()).toMatchObject({ exitCode: 0 })
    const listed = await colliflow(['models', 'list', '--json'], { env })
    expect(listed.lines.map(({ name }) => name)).toContain('mine')
    const other = join(repository, '../shared/models/mobilenet_v1.onnx')
    const refused = await colliflow(['models', 'add', other, '--name', 'mine', '--json'], { env })
    expect(refused).toMatchObject({ exitCode: 1 })
    expect(refused.lines.at(-1)).toMatchObject({ type: 'error', code: 'model.exists' })
  })

  it.each([
    ['a text file', 'model.not-onnx', Buffer.from('hello, I am not a network')],
    ['half of a network', 'model.truncated', readFileSync(shipped).subarray(0, 1_000_000)],
  ])('refuses %s', async (_what, code, content) => {
    const file = join(tempFolder(), 'bad.onnx')
    writeFileSync(file, content)
    const { exitCode, lines } = await colliflow(['models', 'add', file, '--json'], {
      env: { COLLIFLOW_HOME: tempFolder() },
    })
    expect(lines.at(-1)).toMatchObject({ type: 'error', code })
    expect(exitCode).toBe(1)
  })

  it('names the models that there are when one is asked for that is not', async () => {
    const { lines } = await colliflow(['models', 'cuts', 'mobilnet', '--json'])
    expect(lines.at(-1)).toMatchObject({ code: 'model.not-found', message: expect.stringContaining('mobilenet_v2') })
  })
})
