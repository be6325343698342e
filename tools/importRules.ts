import type { IConfiguration, IForbiddenRuleType } from 'dependency-cruiser'
import { type ImportZone, importTable, testPath } from './importTable.ts'

const ownCode = '^(?:src|runtime|bench|test|tools|types)/'

/** dependency-cruiser's configuration, made from the import table. Rules are named "zone: what it broke". */
export function createCruiserConfiguration(): IConfiguration {
  return {
    forbidden: [...generalRules(), ...importTable.flatMap(zoneRules)],
    options: {
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '^dist/' },
      // Type imports count: they tie folders together just as values do.
      tsPreCompilationDeps: true,
      tsConfig: { fileName: 'tsconfig.node.json' },
      enhancedResolveOptions: {
        exportsFields: ['exports'],
        conditionNames: ['import', 'node', 'default', 'types'],
        mainFields: ['module', 'main', 'types'],
      },
    },
  }
}

function generalRules(): IForbiddenRuleType[] {
  return [
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no unresolvable import', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'tests are imported by tests only',
      severity: 'error',
      from: { path: '^(?:src|runtime)/', pathNot: testPath },
      to: { path: testPath, pathNot: 'node_modules/' },
    },
  ]
}

function zoneRules(zone: ImportZone): IForbiddenRuleType[] {
  const from = { path: zone.path, pathNot: testPath }
  const values = [zone.name, ...zone.imports].map(pathOfZone)
  const types = (zone.importsTypesOf ?? []).map(pathOfZone)
  const packages = zone.packages.map((name) => `node_modules/(?:@types/)?${name}/`)
  const rules: IForbiddenRuleType[] = [
    {
      name: `${zone.name}: folder`,
      severity: 'error',
      from,
      // Test code has its own rule above.
      to: { path: ownCode, pathNot: [...values, ...types, testPath] },
    },
    {
      name: `${zone.name}: package`,
      severity: 'error',
      from,
      to: { path: 'node_modules/', pathNot: [...packages, 'node_modules/@types/node/'] },
    },
  ]
  if (types.length > 0) {
    rules.push({
      name: `${zone.name}: types only`,
      severity: 'error',
      from,
      to: { path: types, dependencyTypesNot: ['type-only'] },
    })
  }
  if (!zone.node) {
    rules.push({ name: `${zone.name}: Node`, severity: 'error', from, to: { dependencyTypes: ['core'] } })
  }
  return rules
}

function pathOfZone(name: string): string {
  const zone = importTable.find((candidate) => candidate.name === name)
  if (zone === undefined) throw new Error(`The import table names ${name}, which is no zone`)
  return zone.path
}
