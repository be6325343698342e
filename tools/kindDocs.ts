import { z } from 'zod'
import { emptyResources } from '../src/shared/graph/graphResources.ts'
import type { Port, PortMap } from '../src/shared/graph/kindRegistry.ts'
import { nodeKinds } from '../src/shared/node-kinds/index.ts'
import type { KindGroup, NodeKind } from '../src/shared/node-kinds/nodeKind.ts'
import { formatSpec } from '../src/shared/tensor/tensorSpec.ts'

const preamble = `# Node kinds

Everything that a node of a graph can be. A node names one of these ids as its \`kind\`; params that have a default may be
left out. This page is made from \`src/shared/node-kinds\` by \`npm run docs:kinds\`; a test compares the two. How to add a
kind: [adding-a-node-kind.md](adding-a-node-kind.md).`

/** docs/node-kinds.md: every kind of the list, by group. */
export function kindDocsToMarkdown(kinds: readonly NodeKind[] = nodeKinds): string {
  const groups = new Map<KindGroup, NodeKind[]>()
  for (const kind of kinds) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind])
  const overview = [...groups].map(
    ([group, own]) => `| ${group} | ${own.map(({ id }) => `[${id}](#${id})`).join(', ')} |`,
  )
  const chapters = [...groups].flatMap(([group, own]) => [`## ${group}`, ...own.map(kindSection)])
  return `${[preamble, ['| Group | Kinds |', '| --- | --- |', ...overview].join('\n'), ...chapters].join('\n\n')}\n`
}

function kindSection(kind: NodeKind): string {
  const parts = [
    `### ${kind.id}`,
    `${kind.label}. ${kind.summary}`,
    ...notesOf(kind),
    portTable(kind),
    paramTable(kind),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function notesOf(kind: NodeKind): string[] {
  const notes: string[] = []
  if (kind.role === 'transport') notes.push('Straddles two devices, named in `from` and `to` of the node.')
  if (kind.numbering === 'fresh' && kind.role === 'step') notes.push('Numbers its frames afresh.')
  return notes.length === 0 ? [] : [notes.join(' ')]
}

function portTable(kind: NodeKind): string {
  const params = kind.parseParams({})
  const given = params.ok ? params.value : {}
  const rows = [
    ...portRows('in', kind.inputPorts(given, emptyResources)),
    ...portRows('out', kind.outputPorts(given, emptyResources)),
  ]
  return ['| Port | | Takes or gives |', '| --- | --- | --- |', ...rows].join('\n')
}

function portRows(direction: 'in' | 'out', ports: PortMap | undefined): string[] {
  if (ports === undefined) return [`| (by name) | ${direction} | the tensors of the model at this cut |`]
  return Object.entries(ports).map(
    ([name, port]) => `| \`${name}\` | ${direction} | ${describePort(direction, port)} |`,
  )
}

function describePort(direction: 'in' | 'out', { label, accepts, expects, optional }: Port): string {
  const types = typeof accepts === 'string' ? [accepts] : (accepts ?? [])
  const taken = expects !== undefined ? formatSpec(expects) : types.join(', ') || 'anything'
  return direction === 'out' ? label : `${label}: ${taken}${optional ? ' (optional)' : ''}`
}

/** What this page shows of a param's JSON schema. */
const paramSchema = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  maxItems: z.number().optional(),
  enum: z.array(z.unknown()).optional(),
})
const objectSchema = z.looseObject({
  properties: z.record(z.string(), paramSchema).default({}),
  required: z.array(z.string()).default([]),
})

function paramTable({ params }: NodeKind): string {
  const { properties, required } = objectSchema.parse(z.toJSONSchema(params, { io: 'input' }))
  const rows = Object.entries(properties).map(([name, schema]) => {
    const preset = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``
    const cells = [
      `\`${name}\``,
      typeOf(schema),
      required.includes(name) ? 'required' : preset,
      schema.description ?? '',
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return rows.length === 0 ? '' : ['| Param | Type | Default | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function typeOf(schema: z.output<typeof paramSchema>): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const { type = 'any', minimum, exclusiveMinimum, maximum } = schema
  const low =
    minimum !== undefined ? `${minimum}` : exclusiveMinimum !== undefined ? `more than ${exclusiveMinimum}` : ''
  if (low === '' && maximum === undefined) return type
  return maximum === undefined ? `${type}, ${low}` : `${type}, ${low} to ${maximum}`
}
