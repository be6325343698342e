import {
  type Graph,
  type GraphDevice,
  type GraphNode,
  type GraphWire,
  graphFormat,
  graphVersion,
  type JsonValue,
} from './graph.ts'
import { compareWires } from './topology.ts'
import type { WirePolicy } from './wirePolicy.ts'

type Field = readonly [key: string, value: JsonValue | undefined]

/**
 * The canonical text of a graph: equal graphs give equal bytes, whatever the order in which they were built. Known
 * fields in a fixed order and the others behind them by name; devices and nodes by id, wires by their input, one a line; layout
 * last, so that moving a node changes nothing else (rules G12 to G14).
 */
export function writeGraph(graph: Graph): string {
  const sections = [
    field('format', graphFormat),
    field('version', graphVersion),
    field('title', graph.title),
    ...(graph.description === undefined ? [] : [field('description', graph.description)]),
    `"devices": ${block('{', lines(graph.devices, deviceFields), '}')}`,
    `"nodes": ${block('{', lines(graph.nodes, nodeFields), '}')}`,
    `"wires": ${block(
      '[',
      [...graph.wires].sort(compareWires).map((wire) => formatFields(wireFields(wire))),
      ']',
    )}`,
    ...sortedEntries(graph.extras ?? {}).map(([key, value]) => field(key, value)),
    `"layout": ${block('{', layoutLines(graph.layout), '}')}`,
  ]
  return `{\n${sections.map((section) => `  ${section}`).join(',\n')}\n}\n`
}

function deviceFields(device: GraphDevice): Field[] {
  return [['role', device.role], ['address', device.address], ...sortedEntries(device.extras ?? {})]
}

function nodeFields(node: GraphNode): Field[] {
  return [
    ['kind', node.kind],
    ['device', node.device],
    ['from', node.from],
    ['to', node.to],
    ['label', node.label],
    ['params', node.params],
    ...sortedEntries(node.extras ?? {}),
  ]
}

function wireFields(wire: GraphWire): Field[] {
  return [
    ['from', wire.from],
    ['to', wire.to],
    ['policy', wire.policy === undefined ? undefined : policyValue(wire.policy)],
    ...sortedEntries(wire.extras ?? {}),
  ]
}

function policyValue(policy: WirePolicy): JsonValue {
  if (policy.kind === 'latest' || (policy.kind === 'block' && policy.capacity === undefined)) return policy.kind
  return { ...policy }
}

function layoutLines(layout: Graph['layout']): string[] {
  return Object.keys(layout)
    .sort()
    .map((id) => field(id, layout[id]))
}

function lines<T>(record: Readonly<Record<string, T>>, fieldsOf: (entry: T) => Field[]): string[] {
  return Object.entries(record)
    .sort(byKey)
    .map(([id, entry]) => `${JSON.stringify(id)}: ${formatFields(fieldsOf(entry))}`)
}

function block(open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return open + close
  return `${open}\n${items.map((item) => `    ${item}`).join(',\n')}\n  ${close}`
}

function field(key: string, value: JsonValue | undefined): string {
  return `${JSON.stringify(key)}: ${formatJson(value ?? null)}`
}

/** JSON on one line, keys sorted at every depth. */
function formatJson(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isArray(value)) return value.length === 0 ? '[]' : `[${value.map(formatJson).join(', ')}]`
  return formatFields(sortedEntries(value))
}

function formatFields(fields: readonly Field[]): string {
  const present = fields.filter(([, value]) => value !== undefined)
  return present.length === 0 ? '{}' : `{ ${present.map(([key, value]) => field(key, value)).join(', ')} }`
}

function sortedEntries(object: Readonly<Record<string, JsonValue>>): [string, JsonValue][] {
  return Object.entries(object).sort(byKey)
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Array.isArray that keeps the element type of a readonly array. */
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
