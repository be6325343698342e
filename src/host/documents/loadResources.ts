import { summariseCalibration } from '../../shared/codecs/calibration.ts'
import type { Graph } from '../../shared/graph/graph.ts'
import type {
  CalibrationSummary,
  GraphResources,
  LabelSetSummary,
  ModelSummary,
} from '../../shared/graph/graphResources.ts'
import type { ModelLibrary } from '../models/modelLibrary.ts'
import { readCalibration } from './calibrationFile.ts'

/**
 * Looks up what a graph names (models, calibrations, label sets), so that typing can ask synchronously. What cannot be
 * found or read stays unknown here: findProblems reports it with the node that names it. `failures` says why.
 */
export async function loadResources(
  graph: Graph,
  sources: { readonly library: Pick<ModelLibrary, 'load' | 'loadLabelSet'>; readonly folder: string },
): Promise<{ readonly resources: GraphResources; readonly failures: ReadonlyMap<string, unknown> }> {
  const models = new Map<string, ModelSummary>()
  const calibrations = new Map<string, CalibrationSummary>()
  const labelSets = new Map<string, LabelSetSummary>()
  const failures = new Map<string, unknown>()
  for (const { params } of Object.values(graph.nodes)) {
    if (typeof params.model === 'string' && !models.has(params.model)) {
      const loaded = await sources.library.load(params.model)
      if (loaded.ok) models.set(params.model, loaded.value.summary)
      else failures.set(params.model, loaded.error)
    }
    if (typeof params.calibration === 'string' && !calibrations.has(params.calibration)) {
      try {
        const calibration = await readCalibration(sources.folder, params.calibration)
        calibrations.set(params.calibration, summariseCalibration(calibration, params.calibration))
      } catch (error) {
        failures.set(params.calibration, error)
      }
    }
    if (typeof params.labels === 'string' && !labelSets.has(params.labels)) {
      const loaded = await sources.library.loadLabelSet(params.labels)
      if (loaded.ok) labelSets.set(params.labels, loaded.value)
      else failures.set(params.labels, loaded.error)
    }
  }
  return {
    resources: {
      model: (name) => models.get(name),
      calibration: (hash) => calibrations.get(hash),
      labelSet: (id) => labelSets.get(id),
    },
    failures,
  }
}
