import type { AnalysedGraph, ResolvedNode } from './analyseGraph.ts'
import { closestName } from './closestName.ts'
import type { PortRef } from './graph.ts'
import type { GraphProblem, KindRegistry } from './kindRegistry.ts'
import { formatPortRef } from './portRef.ts'

/** What is wrong with single nodes: their kind, their params, their required inputs. */
export function findNodeProblems({ nodes, topology, registry }: AnalysedGraph): GraphProblem[] {
  const connected = new Set(topology.wires.map(({ wire }) => wire.to))
  return [...nodes.values()].flatMap((resolved) => [
    ...findKindProblems(resolved, registry),
    ...findUnconnectedInputs(resolved, connected),
  ])
}

function findKindProblems({ id, node, kind, paramsError }: ResolvedNode, registry: KindRegistry): GraphProblem[] {
  if (kind === undefined) {
    const close = closestName(
      node.kind,
      registry.list().map((each) => each.id),
    )
    const proposal = close === undefined ? '' : ` Did you mean "${close}"?`
    const message = `Node ${id} has kind "${node.kind}", which is not installed. It is kept as it is, but the graph cannot run: install the kind, or replace or remove the node.${proposal}`
    return [{ code: 'graph.kind-unknown', severity: 'error', at: `nodes.${id}.kind`, message }]
  }
  if (paramsError === undefined) return []
  const { path } = paramsError.details
  const at = typeof path === 'string' && path !== '' ? `nodes.${id}.params.${path}` : `nodes.${id}.params`
  return [{ code: paramsError.code, severity: 'error', at, message: `Node ${id}: ${paramsError.message}` }]
}

function findUnconnectedInputs({ id, inputPorts }: ResolvedNode, connected: ReadonlySet<PortRef>): GraphProblem[] {
  return Object.entries(inputPorts ?? {}).flatMap(([port, { label, optional }]): GraphProblem[] => {
    const ref = formatPortRef(id, port)
    if (optional === true || connected.has(ref)) return []
    const message = `Input ${ref} (${label}) has no wire, but node ${id} needs it. Connect an output to it.`
    return [{ code: 'graph.input-unconnected', severity: 'error', at: `nodes.${ref}`, message }]
  })
}
