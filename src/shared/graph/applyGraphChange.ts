import { AppError } from '../errors/appError.ts'
import { assertNever } from '../errors/bugError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { type AppliedChange, applied, refuse, requireId, withOptional } from './appliedChange.ts'
import { applyNodeChange } from './applyNodeChange.ts'
import { applyWireChange } from './applyWireChange.ts'
import type { Graph } from './graph.ts'
import type { GraphChange } from './graphChange.ts'

/**
 * The graph after one change, and the change that gives exactly the old graph back (rule G17). Parts that did not
 * change are shared between the two graphs. A batch happens as a whole or not at all. Fails with `graph.change-invalid`,
 * `graph.node-missing`, `graph.node-exists`, `graph.device-missing` or `graph.input-connected-twice`; the given graph
 * is never touched.
 */
export function applyGraphChange(graph: Graph, change: GraphChange): Result<AppliedChange> {
  try {
    return success(apply(graph, change))
  } catch (error) {
    if (error instanceof AppError) return failure(error)
    throw error
  }
}

function apply(graph: Graph, change: GraphChange): AppliedChange {
  switch (change.type) {
    case 'set-title':
      return applied({ ...graph, title: change.title }, { type: 'set-title', title: graph.title })
    case 'set-description':
      return applied(withOptional(graph, 'description', change.description), {
        type: 'set-description',
        description: graph.description,
      })
    case 'add-device':
    case 'remove-device':
    case 'set-device':
      return applyDeviceChange(graph, change)
    case 'add-node':
    case 'remove-node':
    case 'rename-node':
    case 'set-label':
    case 'set-param':
    case 'place-node':
    case 'set-transport-ends':
    case 'move-node':
      return applyNodeChange(graph, change)
    case 'connect':
    case 'disconnect':
    case 'set-policy':
      return applyWireChange(graph, change)
    case 'replace-graph':
      return applied(change.graph, { type: 'replace-graph', graph })
    case 'batch':
      return applyBatch(graph, change.changes)
    default:
      return assertNever(change)
  }
}

type DeviceChange = Extract<GraphChange, { type: 'add-device' | 'remove-device' | 'set-device' }>

function applyDeviceChange(graph: Graph, change: DeviceChange): AppliedChange {
  const { id } = change
  const device = graph.devices[id]
  if (change.type === 'add-device') {
    requireId(id, 'device')
    if (device !== undefined) refuse('graph.change-invalid', `Device "${id}" exists already. Choose another id.`)
    return applied({ ...graph, devices: { ...graph.devices, [id]: change.device } }, { type: 'remove-device', id })
  }
  if (device === undefined) {
    return refuse('graph.device-missing', `The graph has no device "${id}". Add it first.`)
  }
  if (change.type === 'set-device') {
    const devices = { ...graph.devices, [id]: change.device }
    return applied({ ...graph, devices }, { type: 'set-device', id, device })
  }
  const { [id]: _removed, ...devices } = graph.devices
  return applied({ ...graph, devices }, { type: 'add-device', id, device })
}

function applyBatch(graph: Graph, changes: readonly GraphChange[]): AppliedChange {
  const inverses: GraphChange[] = []
  let current = graph
  for (const change of changes) {
    const step = apply(current, change)
    current = step.graph
    inverses.push(step.inverse)
  }
  return applied(current, { type: 'batch', changes: inverses.reverse() })
}
