import type { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import {
  type Graph,
  type GraphDevice,
  type GraphNode,
  type GraphWire,
  graphFormat,
  graphVersion,
  type JsonObject,
} from './graph.ts'
import { maxGraphDevices, maxGraphFileBytes, maxGraphNodes, maxGraphWires } from './graphLimits.ts'
import { type GraphFile, graphFileSchema, type WireFile } from './graphSchema.ts'
import { findJsonFault } from './jsonFault.ts'
import { findJsonSyntaxFault } from './jsonSyntax.ts'
import { migrateGraph } from './migrations/migrateGraph.ts'
import type { WirePolicy } from './wirePolicy.ts'

/**
 * Reads a graph file of this or an older version. Unknown kinds and unknown fields are kept as they are. At most
 * 16 MiB of UTF-8, 20,000 nodes and 100,000 wires. Fails with `file.too-large`, `graph.not-json` (line and column),
 * `graph.format-unknown`, `graph.version-unsupported` or `graph.schema-invalid` (path, expected, found).
 */
export function parseGraph(text: string): Result<Graph> {
  if (isTooLong(text)) {
    return failure(new AppError('file.too-large', `The graph file is larger than 16 MiB. Split the graph.`))
  }
  // Some editors write a byte order mark; JSON.parse knows none.
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch (cause) {
    return failure(notJson(json, cause))
  }
  return parseGraphJson(document)
}

/** parseGraph for a document that has been through JSON.parse already: part of a message, or made by a program. */
export function parseGraphJson(document: unknown): Result<Graph> {
  if (!isObject(document) || document.format !== graphFormat) return failure(formatUnknown(document))
  const fault = findJsonFault(document)
  if (fault !== undefined) return failure(schemaInvalid([{ path: fault.path, message: fault.message }]))
  const refusal = refuseVersion(document.version) ?? refuseCounts(document)
  if (refusal !== undefined) return failure(refusal)
  const migrated = migrateGraph(document as JsonObject) // findJsonFault has found it to be JSON
  if (!migrated.ok) return migrated
  const parsed = graphFileSchema.safeParse(migrated.value)
  if (!parsed.success) {
    return failure(schemaInvalid(parsed.error.issues.map((issue) => describeIssue(issue, migrated.value))))
  }
  return success(toGraph(parsed.data))
}

function isTooLong(text: string): boolean {
  if (text.length > maxGraphFileBytes) return true
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so most files need no counting.
  return text.length * 3 > maxGraphFileBytes && new TextEncoder().encode(text).byteLength > maxGraphFileBytes
}

function notJson(text: string, cause: unknown): AppError {
  const fault = findJsonSyntaxFault(text)
  const where = fault === undefined ? '' : `: line ${fault.line}, column ${fault.column}`
  const what = fault === undefined ? '' : `: expected ${fault.expected}, found ${fault.found}`
  return new AppError('graph.not-json', `The graph file is not JSON${where}${what}. Mend the text there.`, {
    details: fault === undefined ? {} : { ...fault },
    cause,
  })
}

function formatUnknown(document: unknown): AppError {
  const found = isObject(document) ? formatOf(document) : describeValue(document)
  return new AppError(
    'graph.format-unknown',
    `The file is not a ColliFlow graph: expected an object with "format": "${graphFormat}", found ${found}.`,
  )
}

function formatOf({ format }: Readonly<Record<string, unknown>>): string {
  return format === undefined ? 'an object without it' : `one with "format": ${describeValue(format)}`
}

function refuseVersion(version: unknown): AppError | undefined {
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0) {
    return schemaInvalid([
      {
        path: ['version'],
        message: `expected a whole number from 0 to ${graphVersion}, found ${describeValue(version)}`,
      },
    ])
  }
  if (version <= graphVersion) return undefined
  return new AppError(
    'graph.version-unsupported',
    `The graph file has version ${version}; this program reads versions up to ${graphVersion}. Update ColliFlow to open it.`,
    { details: { version, supported: graphVersion } },
  )
}

function refuseCounts(document: Readonly<Record<string, unknown>>): AppError | undefined {
  const limits = [
    ['devices', maxGraphDevices],
    ['nodes', maxGraphNodes],
    ['layout', maxGraphNodes],
    ['wires', maxGraphWires],
    ['edges', maxGraphWires],
  ] as const
  for (const [field, limit] of limits) {
    const value = document[field]
    const count = Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0
    if (count > limit) {
      return schemaInvalid([{ path: [field], message: `expected at most ${limit} entries, found ${count}` }])
    }
  }
  return undefined
}

interface Finding {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

const maxFindingsInDetails = 20

function schemaInvalid(findings: readonly Finding[]): AppError {
  const all = findings.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
  const [first] = all
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : ''
  return new AppError('graph.schema-invalid', `Graph file, ${first?.path || 'document'}: ${first?.message}${more}.`, {
    details: { path: first?.path ?? '', issues: all.slice(0, maxFindingsInDetails) },
  })
}

function describeIssue(issue: z.core.$ZodIssue, document: unknown): Finding {
  let value: unknown = document
  for (const key of issue.path) value = isObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined
  const found = issue.code === 'invalid_key' ? JSON.stringify(issue.path.at(-1)) : describeValue(value)
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
  const expected = issue.code === 'invalid_type' ? `expected ${issue.expected}` : (inner ?? issue.message)
  return { path: issue.path, message: `${expected}, found ${found}` }
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toGraph(file: GraphFile): Graph {
  const { format: _format, version: _version, title, description, devices, nodes, wires, layout, ...rest } = file
  return {
    title,
    ...(description === undefined ? {} : { description }),
    devices: mapValues(devices ?? {}, toDevice),
    nodes: mapValues(nodes, toNode),
    wires: wires.map(toWire),
    layout: layout ?? {},
    ...extrasOf(rest),
  }
}

function toDevice({ role, address, ...rest }: NonNullable<GraphFile['devices']>[string]): GraphDevice {
  return { role, ...(address === undefined ? {} : { address }), ...extrasOf(rest) }
}

function toNode(file: GraphFile['nodes'][string]): GraphNode {
  const { kind, device, from, to, label, params, ...rest } = file
  return {
    kind,
    ...(device === undefined ? {} : { device }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(label === undefined ? {} : { label }),
    params: params ?? {},
    ...extrasOf(rest),
  }
}

function toWire({ from, to, policy, ...rest }: WireFile): GraphWire {
  const full: WirePolicy | undefined = typeof policy === 'string' ? { kind: policy } : policy
  return { from, to, ...(full === undefined ? {} : { policy: full }), ...extrasOf(rest) }
}

/** What is left of an object once the known fields are taken out. */
function extrasOf(rest: Readonly<Record<string, unknown>>): { extras?: JsonObject } {
  return Object.keys(rest).length === 0 ? {} : { extras: rest as JsonObject } // findJsonFault has found it to be JSON
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]))
}
