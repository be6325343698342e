import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { cruiseImports, filesWithoutZone } from './cruise.ts'
import { importTable } from './importTable.ts'
import { runStep } from './runStep.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const fixtures = 'tools/gate-fixtures'

function runTool(script: string, ...args: string[]) {
  return runStep({ name: script, args: [`node_modules/${script}`, ...args] }, root)
}

test('the shared tsconfig refuses Node and the DOM and accepts the portable globals', async () => {
  const { code, output } = await runTool('typescript/bin/tsc', '-p', `${fixtures}/types`, '--pretty', 'false')
  const faults = [...output.matchAll(/shared\/(\w+)\.ts\(.*Cannot find name '([\w:]+)'/g)].map(([, file, name]) => [
    file,
    name,
  ])
  expect(faults.sort()).toEqual([
    ['readsFile', 'node:fs'],
    ['usesDocument', 'document'],
    ['usesProcess', 'process'],
  ])
  expect(code).not.toBe(0)
})

test('each planted import breaks exactly the rule that it was planted for', async () => {
  const result = await cruiseImports(`${root}${fixtures}/layers`, ['src', 'runtime'])
  const faults = result.summary.violations.map(({ rule, from }) => `${from} | ${rule.name}`)
  expect(faults.sort()).toEqual([
    'runtime/engine/importsObservable.ts | runtime/engine: package',
    'runtime/server/importsSessionValue.ts | runtime/server: types only',
    'runtime/telemetry/importsAdapter.ts | runtime/telemetry: folder',
    'src/cli/importsAdapter.ts | cli: folder',
    'src/host/importsImagePackage.ts | host: package',
    'src/host/importsRuntime.ts | host: folder',
    'src/node/importsHost.ts | node: folder',
    'src/shared/graph/importsKind.ts | shared/graph: folder',
    'src/shared/graph/importsNode.ts | shared/graph: Node',
    'src/shared/graph/importsSocketPackage.ts | shared/graph: package',
    'src/shared/node-kinds/importsRuntime.ts | shared/node-kinds: folder',
    'src/shared/wire/cycleA.ts | no cycles',
    'src/shared/wire/importsFake.ts | tests are imported by tests only',
    'src/shared/wire/importsMissing.ts | no unresolvable import',
    'src/shared/wire/importsOnnxReader.ts | shared/wire: package',
  ])
  expect(filesWithoutZone(result)).toEqual(['src/shared/oddities/odd.ts'])
})

test('a check that saw no modules, or no imports in them, is a failure and not a pass', async () => {
  await expect(cruiseImports(`${root}${fixtures}/unused`, ['runtime'])).rejects.toThrow()
  await expect(cruiseImports(`${root}${fixtures}/layers`, ['src/shared/errors'])).rejects.toThrow('not one import')
})

test('the import table names only zones that exist, and none is above itself', () => {
  const zones = new Map(importTable.map((zone) => [zone.name, zone]))
  const unknown = importTable.flatMap((zone) => [...zone.imports, ...(zone.importsTypesOf ?? [])])
  expect(unknown.filter((name) => !zones.has(name))).toEqual([])
  const order = importTable.filter((zone) => zone.name.startsWith('shared/') && zone.name !== 'shared/deploy')
  const upwards = order.filter((zone, index) =>
    zone.imports.some((name) => order.findIndex((candidate) => candidate.name === name) >= index),
  )
  expect(upwards).toEqual([])
})

test('knip reports an unused export, file and dependency', async () => {
  const config = `${root}knip.json`
  const options = ['--no-progress', '--reporter', 'json', '--directory', `${fixtures}/unused`, '--config', config]
  const { code, output } = await runTool('knip/bin/knip.js', ...options)
  const named = z.array(z.looseObject({ name: z.string() }))
  const { issues } = z
    .looseObject({ issues: z.array(z.looseObject({ exports: named, files: named, dependencies: named })) })
    .parse(JSON.parse(output))
  const names = issues.flatMap((issue) => [...issue.exports, ...issue.files, ...issue.dependencies])
  expect(names.map(({ name }) => name).sort()).toEqual(['left-behind', 'src/orphan.ts', 'unusedExport'])
  expect(code).not.toBe(0)
})

test('Biome refuses `any`, `!`, a default export and a bare Node module', async () => {
  // A folder of its own, because the repository's biome.json leaves the planted files out.
  const folder = mkdtempSync(join(tmpdir(), 'colliflow-gate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'))
  copyFileSync(join(root, fixtures, 'style/planted.ts'), join(folder, 'planted.ts'))
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--colors=off', '--vcs-enabled=false', 'planted.ts']
  const { code, output } = await runStep({ name: 'biome', args }, folder)
  const rules = [...output.matchAll(/planted\.ts:\d+:\d+ lint\/(\w+\/\w+)/g)].map(([, rule]) => rule)
  expect(rules.sort()).toEqual([
    'style/noDefaultExport',
    'style/noNonNullAssertion',
    'style/useNodejsImportProtocol',
    'suspicious/noExplicitAny',
  ])
  expect(code).not.toBe(0)
})
