// Checks every import against tools/importTable.ts, and that docs/architecture.md shows the present table and diagram.
// `npm run layers`; with --write (`npm run docs:graph`) it brings the document up to date instead.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cruiseImports, filesWithoutZone, isOwnSource } from './cruise.ts'
import { replaceSection } from './docSection.ts'
import { importDiagram } from './importDiagram.ts'
import { importTableToMarkdown } from './importTable.ts'

const documentPath = 'docs/architecture.md'
const folders = ['src', 'runtime'].filter((folder) => existsSync(folder))
const result = await cruiseImports(process.cwd(), folders)

const faults = [
  ...result.summary.violations.map(({ rule, from, to }) => `${rule.name}\n    ${from} -> ${to}`),
  ...filesWithoutZone(result).map((file) => `no zone in tools/importTable.ts\n    ${file}`),
]

const present = readFileSync(documentPath, 'utf8')
const current = replaceSection(
  replaceSection(present, 'import-table', importTableToMarkdown()),
  'import-diagram',
  importDiagram(result),
)
if (process.argv.includes('--write')) writeFileSync(documentPath, current)
else if (current !== present) faults.push(`${documentPath} shows an old table or diagram: npm run docs:graph`)

for (const fault of faults) console.error(`  ${fault}`)
const checked = result.modules.filter((module) => isOwnSource(module.source)).length
console.log(`${checked} modules, ${result.summary.totalDependenciesCruised ?? 0} imports, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
