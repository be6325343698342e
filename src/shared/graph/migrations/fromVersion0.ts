import { AppError } from '../../errors/appError.ts'
import { failure, type Result, success } from '../../errors/result.ts'
import type { JsonObject, JsonValue } from '../graph.ts'

/**
 * Version 0, the first prototype: the title was called `name`, a node's kind `type`, its canvas position stood inside
 * the node as `position: {x, y}`, and wires were `edges` with four fields. Unknown fields pass through.
 */
export function fromVersion0(document: JsonObject): Result<JsonObject> {
  const { name, nodes, edges, ...rest } = document
  if (!isObject(nodes)) return failure(invalid('nodes', 'expected an object'))
  if (!Array.isArray(edges)) return failure(invalid('edges', 'expected an array'))
  const nextNodes: Record<string, JsonValue> = {}
  const layout: Record<string, JsonValue> = {}
  for (const [id, node] of Object.entries(nodes)) {
    if (!isObject(node)) return failure(invalid(`nodes.${id}`, 'expected an object'))
    const { type, position, ...others } = node
    nextNodes[id] = type === undefined ? others : { ...others, kind: type }
    if (isObject(position)) layout[id] = [position.x ?? 0, position.y ?? 0]
  }
  const wires: JsonValue[] = []
  for (const [index, edge] of edges.entries()) {
    if (!isObject(edge)) return failure(invalid(`edges.${index}`, 'expected an object'))
    const { source, sourcePort, target, targetPort, ...others } = edge
    for (const [field, value] of Object.entries({ source, sourcePort, target, targetPort })) {
      if (typeof value !== 'string') return failure(invalid(`edges.${index}.${field}`, 'expected string'))
    }
    wires.push({ ...others, from: `${source}.${sourcePort}`, to: `${target}.${targetPort}` })
  }
  return success({
    title: '',
    ...rest,
    ...(name === undefined ? {} : { title: name }),
    nodes: nextNodes,
    wires,
    layout,
  })
}

function invalid(path: string, message: string): AppError {
  return new AppError('graph.schema-invalid', `Graph file of version 0, ${path}: ${message}.`, { details: { path } })
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
