import type { ICruiseResult } from 'dependency-cruiser'
import { zoneOf } from './importTable.ts'

/**
 * The imports that exist, zone by zone, as a Mermaid flowchart. Arrows that only repeat a longer path are left out;
 * imports of `shared` from outside it are one arrow per zone, because everybody has them.
 */
export function importDiagram(result: ICruiseResult): string {
  const arrows = transitiveReduction(zoneImports(result))
  const names = [...new Set([...arrows].flatMap(([from, targets]) => [from, ...targets]))].sort()
  const inShared = names.filter((name) => name.startsWith('shared/'))
  const lines = ['```mermaid', 'flowchart TD']
  if (inShared.length > 0) {
    lines.push('  subgraph shared', ...inShared.map((name) => `    ${boxOf(name)}`), '  end')
  }
  lines.push(
    ...names.filter((name) => !name.startsWith('shared/') && name !== 'shared').map((name) => `  ${boxOf(name)}`),
  )
  for (const [from, targets] of [...arrows].sort(([a], [b]) => compare(a, b))) {
    for (const to of [...targets].sort(compare)) lines.push(`  ${idOf(from)} --> ${idOf(to)}`)
  }
  return [...lines, '```'].join('\n')
}

function zoneImports(result: ICruiseResult): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>()
  for (const module of result.modules) {
    const from = zoneOf(module.source)?.name
    if (from === undefined) continue
    for (const dependency of module.dependencies) {
      const target = zoneOf(dependency.resolved)?.name
      if (target === undefined || target === from) continue
      const to = target.startsWith('shared/') && !from.startsWith('shared/') ? 'shared' : target
      imports.set(from, (imports.get(from) ?? new Set()).add(to))
    }
  }
  return imports
}

function transitiveReduction(imports: Map<string, Set<string>>): Map<string, Set<string>> {
  const reduced = new Map<string, Set<string>>()
  for (const [from, targets] of imports) {
    const direct = [...targets].filter(
      (target) => ![...targets].some((other) => other !== target && reaches(imports, other, target)),
    )
    reduced.set(from, new Set(direct))
  }
  return reduced
}

function reaches(imports: Map<string, Set<string>>, from: string, to: string, seen = new Set<string>()): boolean {
  if (seen.has(from)) return false
  seen.add(from)
  const targets = imports.get(from) ?? new Set<string>()
  return targets.has(to) || [...targets].some((next) => reaches(imports, next, to, seen))
}

function boxOf(name: string): string {
  return `${idOf(name)}["${name}"]`
}

function idOf(name: string): string {
  return name.replaceAll(/[^A-Za-z]+/g, '_')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
