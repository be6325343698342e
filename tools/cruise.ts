import { resolve } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractTypeScriptConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { createCruiserConfiguration } from './importRules.ts'
import { isTestCode, zoneOf } from './importTable.ts'

/**
 * Every import of `folders` below `root`, checked against the rules. Throws if there is nothing to check: with a
 * TypeScript that it does not know, dependency-cruiser reads no modules and reports "no violations".
 */
export async function cruiseImports(root: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { options = {}, forbidden = [] } = createCruiserConfiguration()
  const { tsConfig, enhancedResolveOptions, ...cruiseOptions } = options
  const tsConfigFile = tsConfig?.fileName ?? 'tsconfig.node.json'
  const { output } = await cruise(
    [...folders],
    {
      ...cruiseOptions,
      tsConfig: { fileName: tsConfigFile },
      baseDir: resolve(root),
      ruleSet: { forbidden },
      validate: true,
    },
    { ...enhancedResolveOptions },
    { tsConfig: extractTypeScriptConfig(tsConfigFile) },
  )
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text instead of a result')
  const own = output.modules.filter((module) => isOwnSource(module.source))
  if (own.length === 0) throw new Error(`dependency-cruiser found 0 modules in ${folders.join(', ')} of ${root}`)
  if (!own.some((module) => module.dependencies.length > 0)) {
    throw new Error(`dependency-cruiser found ${own.length} modules but not one import: it cannot read TypeScript`)
  }
  return output
}

/** Files of src/ and runtime/ that no zone of the table covers: a new folder, or a file put beside the folders. */
export function filesWithoutZone(result: ICruiseResult): string[] {
  return result.modules
    .map((module) => module.source)
    .filter((source) => isOwnSource(source) && !isTestCode(source) && zoneOf(source) === undefined)
}

export function isOwnSource(path: string): boolean {
  return /^(?:src|runtime)\//.test(path)
}
