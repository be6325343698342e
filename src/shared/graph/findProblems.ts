import { type AnalysedGraph, analyseGraph } from './analyseGraph.ts'
import { findNodeProblems } from './findNodeProblems.ts'
import { findPlacementProblems } from './findPlacementProblems.ts'
import { findWireProblems } from './findWireProblems.ts'
import type { Graph } from './graph.ts'
import type { GraphResources } from './graphResources.ts'
import { inferAnalysed } from './inferTypes.ts'
import type { GraphProblem, KindRegistry } from './kindRegistry.ts'
import { cycleError } from './topology.ts'

/**
 * Everything that is wrong with a graph, or doubtful: each fault once, always in the same order (nodes, wires, cycles,
 * placement, types, the whole). A graph without an error among them can be deployed. A `fix` is made for this graph:
 * after applying one, ask again.
 */
export function findProblems(graph: Graph, registry: KindRegistry, resources: GraphResources): GraphProblem[] {
  const analysed = analyseGraph(graph, registry, resources)
  return [
    ...findNodeProblems(analysed),
    ...findWireProblems(analysed),
    ...analysed.topology.cycles.map((cycle): GraphProblem => {
      const { code, message } = cycleError(cycle)
      return { code, severity: 'error', at: `nodes.${cycle[0]}`, message }
    }),
    ...findPlacementProblems(analysed),
    ...inferAnalysed(analysed).problems,
    ...findLeftoverLayout(graph),
    ...findWholeProblems(analysed),
  ]
}

function findWholeProblems({ nodes }: AnalysedGraph): GraphProblem[] {
  const roles = new Set([...nodes.values()].map(({ kind }) => kind?.role))
  const problems: GraphProblem[] = []
  if (!roles.has('source') && !roles.has('graph-input')) {
    const message =
      'The graph has no source, so nothing would run. Add a source, such as an image folder, or a graph input.'
    problems.push({ code: 'graph.no-source', severity: 'warning', at: 'nodes', message })
  }
  if (!roles.has('sink') && !roles.has('graph-output')) {
    const message =
      'The graph has no output, so nothing would be reported. Add a graph output or a sink, such as a table.'
    problems.push({ code: 'graph.no-output', severity: 'warning', at: 'nodes', message })
  }
  return problems
}

function findLeftoverLayout(graph: Graph): GraphProblem[] {
  const leftover = Object.keys(graph.layout).filter((id) => graph.nodes[id] === undefined)
  return leftover.sort().map((id) => {
    const message = `The layout has a place for node "${id}", which does not exist. Remove the line, or rename it with its node.`
    return { code: 'graph.node-missing', severity: 'warning', at: `layout.${id}`, message }
  })
}
