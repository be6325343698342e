import { readFileSync } from 'node:fs'
import { parseModelCard } from '../host/models/modelCard.ts'
import { fileOfModel, modelFolders, placeOfModel } from '../host/models/modelPlaces.ts'
import { unwrap } from '../shared/errors/result.ts'
import { emptyResources, type GraphResources, type ModelSummary } from '../shared/graph/graphResources.ts'
import { readModel } from '../shared/onnx/readModel.ts'
import { summariseModel } from '../shared/onnx/summariseModel.ts'

/**
 * The models of this computer, for graphs that are built call by call: a call has to know its types at once, so files
 * are read synchronously, each once. Label sets and calibrations are looked at when the graph is run.
 */
export function createFileResources(): GraphResources {
  const known = new Map<string, ModelSummary>()
  return {
    ...emptyResources,
    model(name) {
      const summary = known.get(name) ?? readSummary(name)
      if (summary !== undefined) known.set(name, summary)
      return summary
    },
  }
}

function readSummary(name: string): ModelSummary | undefined {
  const folders = modelFolders()
  const place = placeOfModel(folders, name)
  if (place === undefined) return undefined
  const card = unwrap(parseModelCard(readFileSync(place.card, 'utf8'), place.card))
  const file = fileOfModel(folders, place.origin, card.name, card.sha256)
  return summariseModel(name, card.sha256, unwrap(readModel(readFileSync(file))), card)
}
