/**
 * Who may import whom. This table is the rule: dependency-cruiser's rules (importRules.ts) and the table and diagram in
 * docs/architecture.md are made from it. A folder of src/ or runtime/ that no zone covers fails `npm run layers`.
 */
export interface ImportZone {
  /** As it appears in the docs and in rule names. */
  readonly name: string
  /** Regular expression on the path from the repository root. No file matches two zones. */
  readonly path: string
  /** Names of zones, itself understood. */
  readonly imports: readonly string[]
  /** Zones of which only types may be imported: the ports that this zone implements. */
  readonly importsTypesOf?: readonly string[]
  readonly packages: readonly string[]
  /** Whether Node's own modules (`node:fs`, ...) may be imported. */
  readonly node: boolean
  /** How it reaches what it may not import. */
  readonly reaches: string
}

const leaves = ['shared/errors', 'shared/tensor'] as const
const documents = [...leaves, 'shared/graph', 'shared/codecs', 'shared/onnx', 'shared/profile'] as const
const kinds = [...documents, 'shared/node-kinds'] as const
const shared = [...kinds, 'shared/api', 'shared/wire', 'shared/deploy'] as const
const engineParts = ['runtime/session', 'runtime/engine', 'runtime/telemetry'] as const
const runtimeParts = [...engineParts, 'runtime/server', 'runtime/adapters/node'] as const

export const importTable: readonly ImportZone[] = [
  sharedZone('errors', []),
  sharedZone('tensor', ['shared/errors']),
  sharedZone('graph', leaves),
  sharedZone('codecs', leaves),
  sharedZone('onnx', [...leaves, 'shared/graph'], ['onnx-buf', '@bufbuild/protobuf']),
  sharedZone('profile', leaves),
  sharedZone('node-kinds', documents),
  sharedZone('api', kinds),
  sharedZone('wire', kinds),
  sharedZone('deploy', shared),
  {
    name: 'node',
    path: '^src/node/',
    imports: shared,
    packages: ['ws'],
    node: true,
    reaches: 'nothing: sockets and files for host and runtime alike',
  },
  {
    name: 'host',
    path: '^src/host/',
    imports: [...shared, 'node'],
    // zod: it has edges of its own (catalogue, model cards, what a started process says).
    packages: ['ws', 'zod'],
    node: true,
    reaches: 'starts the runtime as processes and speaks the control protocol to it',
  },
  {
    name: 'cli',
    path: '^src/cli/',
    imports: [...shared, 'node', 'host', 'runtime/node.ts'],
    packages: ['commander'],
    node: true,
    reaches: 'devices through host, or by being one (`server`, `agent`)',
  },
  {
    name: 'execution',
    path: '^src/execution/',
    imports: [...shared, 'node', 'host', 'runtime/node.ts'],
    packages: ['rxjs'],
    node: true,
    reaches: 'runs the graphs of the functional API: in this process through runtime/node.ts, elsewhere through host',
  },
  {
    name: 'index.ts',
    path: '^src/index\\.ts$',
    imports: [...shared, 'host', 'execution', 'runtime/node.ts'],
    packages: [],
    node: false,
    reaches: 'joins the functional API with its execution and exports what the package offers',
  },
  engineZone('session', '^runtime/session/'),
  engineZone('engine', '^runtime/engine/'),
  engineZone('telemetry', '^runtime/telemetry/'),
  {
    name: 'runtime/server',
    path: '^runtime/server/',
    imports: [...shared, 'node'],
    importsTypesOf: engineParts,
    packages: ['ws'],
    node: true,
    reaches: 'implements the ports that session and engine ask for',
  },
  {
    name: 'runtime/adapters/node',
    path: '^runtime/adapters/node/',
    imports: [...shared, 'node'],
    importsTypesOf: engineParts,
    packages: ['ws', 'onnxruntime-node', 'sharp'],
    node: true,
    reaches: 'implements the ports that session and engine ask for',
  },
  {
    name: 'runtime/node.ts',
    path: '^runtime/node\\.ts$',
    imports: [...shared, 'node', ...runtimeParts],
    packages: [],
    node: true,
    reaches: 'the only place where the parts of a device are joined',
  },
]

function sharedZone(folder: string, imports: readonly string[], packages: readonly string[] = []): ImportZone {
  return {
    name: `shared/${folder}`,
    path: `^src/shared/${folder}/`,
    imports,
    packages: ['zod', ...packages],
    node: false,
    reaches: 'nothing: runs anywhere',
  }
}

function engineZone(part: string, path: string): ImportZone {
  return {
    name: `runtime/${part}`,
    path,
    imports: [...shared, ...engineParts],
    packages: [],
    node: false,
    reaches: 'ports given to it as arguments',
  }
}

/** Tests and what only tests use; free to import anything, imported by nothing else. */
export const testPath = '(?:\\.test\\.ts$|/testing/)'

export function isTestCode(path: string): boolean {
  return new RegExp(testPath).test(path)
}

/** The zone of a file, or undefined for files outside of the table (tests, tools, bench). */
export function zoneOf(path: string): ImportZone | undefined {
  if (isTestCode(path)) return undefined
  return importTable.find((zone) => new RegExp(zone.path).test(path))
}

/** The table as Markdown; zones with the same row are one row. */
export function importTableToMarkdown(): string {
  const rows = importTable.map((zone) => {
    const types = zone.importsTypesOf === undefined ? '' : `; types of ${shorten(zone.importsTypesOf)}`
    const packages = [...(zone.node ? ["Node's modules"] : []), ...zone.packages.map((name) => `\`${name}\``)]
    return `| \`${zone.name}\` | ${shorten(zone.imports) || 'nothing'}${types} | ${packages.join(', ') || 'none'} | ${zone.reaches} |`
  })
  return ['| Zone | Imports | Packages | Reaches the rest by |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function shorten(zones: readonly string[]): string {
  const groups: [string, readonly string[]][] = [
    ['all of `shared`', shared],
    ['`runtime/{session,engine,telemetry}`', engineParts],
  ]
  let rest = zones
  const words: string[] = []
  for (const [word, members] of groups) {
    if (!members.every((member) => rest.includes(member))) continue
    words.push(word)
    rest = rest.filter((zone) => !members.includes(zone))
  }
  return [...words, ...rest.map((zone) => `\`${zone}\``)].join(', ')
}
