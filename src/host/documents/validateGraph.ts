import { AppError } from '../../shared/errors/appError.ts'
import { findProblems } from '../../shared/graph/findProblems.ts'
import type { Graph } from '../../shared/graph/graph.ts'
import type { GraphProblem } from '../../shared/graph/kindRegistry.ts'
import { createKindRegistry, nodeKinds } from '../../shared/node-kinds/index.ts'
import type { ModelLibrary } from '../models/modelLibrary.ts'
import { loadResources } from './loadResources.ts'

/** Problems of the document itself and of the files it names: the same list for the command line and the editor. */
export async function validateGraph(
  graph: Graph,
  sources: { readonly library: Pick<ModelLibrary, 'load' | 'loadLabelSet'>; readonly folder: string },
): Promise<readonly GraphProblem[]> {
  const { resources, failures } = await loadResources(graph, sources)
  const missing = [...failures].map(([name, error]): GraphProblem => {
    const code = error instanceof AppError ? error.code : 'internal.bug'
    const users = Object.entries(graph.nodes).filter(([, node]) => Object.values(node.params).includes(name))
    const at = users.map(([id]) => `nodes.${id}`).join(', ')
    return { code, severity: 'error', at, message: error instanceof Error ? error.message : String(error) }
  })
  return [...missing, ...findProblems(graph, createKindRegistry(nodeKinds), resources)]
}
