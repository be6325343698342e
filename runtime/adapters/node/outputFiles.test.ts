import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createOutputFiles } from './outputFiles.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colliflow-output-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('writes what is appended into a new file in its folder, creating the folder', async () => {
  const file = await createOutputFiles(join(folder, 'deep')).open('results.csv')
  await file.append(new TextEncoder().encode('a,b\n'))
  await file.append(new TextEncoder().encode('1,2\n'))
  await file.close()
  expect(file.path).toBe(join(folder, 'deep', 'results.csv'))
  expect(await readFile(file.path, 'utf8')).toBe('a,b\n1,2\n')
})

test.each(['../x.csv', 'a/b.csv', 'a\\b.csv', '', '.', '..', '.hidden', 'C:x', 'nul', 'x.csv ', 'a\u0000b'])(
  'refuses the name %j',
  async (name) => {
    await expect(createOutputFiles(folder).open(name)).rejects.toMatchObject({ code: 'graph.params-invalid' })
  },
)

test('a folder that cannot be made is file.write-failed', async () => {
  const file = await createOutputFiles(folder).open('plain')
  await file.close()
  const inside = createOutputFiles(join(folder, 'plain'))
  await expect(inside.open('x.csv')).rejects.toMatchObject({ code: 'file.write-failed' })
})
