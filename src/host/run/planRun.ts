import { type Partition, partition } from '../../shared/deploy/partition.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { findProblems } from '../../shared/graph/findProblems.ts'
import type { DeviceId, Graph } from '../../shared/graph/graph.ts'
import { inferTypes } from '../../shared/graph/inferTypes.ts'
import type { GraphProblem } from '../../shared/graph/kindRegistry.ts'
import { createKindRegistry } from '../../shared/node-kinds/index.ts'
import type { NodeKind } from '../../shared/node-kinds/nodeKind.ts'
import type { DeviceProgram } from '../../shared/wire/deviceProgram.ts'
import { type AssetSources, resolveAssets } from '../deployer/resolveAssets.ts'
import type { BlobContent } from '../devices/controlClient.ts'
import { loadResources } from '../documents/loadResources.ts'
import { onlyDevice } from './connectDevices.ts'

/** Everything that is decided before a device is asked: checked, typed, cut into programs, with its blobs at hand. */
export interface RunPlan {
  readonly graph: Graph
  readonly partition: Partition
  readonly programs: ReadonlyMap<DeviceId, DeviceProgram>
  readonly blobs: ReadonlyMap<string, BlobContent>
  readonly warnings: readonly GraphProblem[]
}

/**
 * Fails with the code of the first problem if the graph has any (`details.problems` lists all), with the reason why a
 * model or calibration could not be read, or with what resolveAssets refuses.
 */
export async function planRun(graph: Graph, kinds: readonly NodeKind[], sources: AssetSources): Promise<RunPlan> {
  const registry = createKindRegistry(kinds)
  const { resources, failures } = await loadResources(graph, sources)
  const [failure] = failures.values()
  if (failure !== undefined) throw failure
  const problems = findProblems(graph, registry, resources)
  const errors = problems.filter((problem) => problem.severity === 'error')
  const [first] = errors
  if (first !== undefined) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more: colliflow validate)` : ''
    throw new AppError(first.code, `${first.at}: ${first.message}${more}`, { details: { problems: errors } })
  }
  const types = inferTypes(graph, registry, resources)
  const byId = new Map(kinds.map((kind) => [kind.id, kind]))
  const cut = unwrap(partition(graph, byId, types, resources, { unplacedDevice: onlyDevice }))
  const { refs, blobs } = await resolveAssets(cut.assetRequests, sources)
  const programs = new Map(
    [...cut.programs].map(([device, program]) => [
      device,
      {
        ...program,
        nodes: Object.fromEntries(
          Object.entries(program.nodes).map(([id, node]) => [id, { ...node, assets: refs.get(id) ?? {} }]),
        ),
      },
    ]),
  )
  return { graph, partition: cut, programs, blobs, warnings: problems.filter((each) => each.severity === 'warning') }
}
