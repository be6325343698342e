import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { repository } from './support/colliflow.ts'

const example = /<!-- readme-example:[^\n]*-->\s*```ts\n(.*?)```/s

it("runs the README's example to the letter, as a program that imports the package by its name", async () => {
  const [, code] = example.exec(readFileSync(join(repository, 'README.md'), 'utf8')) ?? []
  expect(code).toBeDefined()
  // Inside the repository, where 'colliflow' resolves to the package itself.
  const folder = join(repository, '.cache', 'readme-example')
  mkdirSync(folder, { recursive: true })
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'example.ts')
  writeFileSync(file, code ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: repository })
  const lines = stdout.trim().split('\n')
  expect(lines).toHaveLength(6)
  expect(lines[0]).toMatch(/^bird\.png: chickadee 0\.\d\d, .*\(\d+\.\d ms, \d+ bytes\)$/)
  expect(lines.find((line) => line.startsWith('parrot.jpg'))).toContain('macaw')
  expect(lines.find((line) => line.startsWith('hot_dog.jpg'))).toContain('hotdog')
})
