import { constantParts } from './constantParts.ts'
import type { FoundCut } from './cutGraph.ts'
import type { LiveNetwork } from './liveNetwork.ts'
import type { OnnxModel } from './onnxModel.ts'

/** Bytes of weights and constants in each half, as stored in the file; what both halves need counts in both. */
export interface CutWeights {
  readonly headWeightBytes: number
  readonly tailWeightBytes: number
}

/** Prepares sums over the whole network once, so that each cut costs no more than its own segment. */
export function measureCutWeights(model: OnnxModel, network: LiveNetwork): (cut: FoundCut) => CutWeights {
  const constants = constantParts(model)
  const needs = network.nodes.map(({ inputs }) => [...constants.sourcesOf(inputs)])
  const firstUse = new Map<string, number>()
  const lastUse = new Map<string, number>()
  for (const [position, sources] of needs.entries()) {
    for (const source of sources) {
      if (!firstUse.has(source)) firstUse.set(source, position)
      lastUse.set(source, position)
    }
  }
  // Outputs that are constants themselves are delivered by the tail.
  for (const source of constants.sourcesOf(model.outputs)) lastUse.set(source, needs.length)
  const beginning = new Float64Array(needs.length + 1)
  const ending = new Float64Array(needs.length + 1)
  for (const [source, position] of firstUse)
    beginning[position] = (beginning[position] ?? 0) + constants.storedBytes(source)
  for (const [source, position] of lastUse) ending[position] = (ending[position] ?? 0) + constants.storedBytes(source)
  const begunBefore = runningSums(beginning)
  const endedBefore = runningSums(ending)
  const total = endedBefore.at(-1) ?? 0

  return ({ from, to, between }) => {
    let head = begunBefore[from] ?? 0
    let tail = total - (endedBefore[to] ?? 0)
    const countedInHead = new Set<string>()
    const countedInTail = new Set<string>()
    for (let position = from; position < to; position++) {
      for (const source of needs[position] ?? []) {
        const bytes = constants.storedBytes(source)
        if (between.has(position)) {
          if ((firstUse.get(source) ?? 0) >= from && !countedInHead.has(source)) head += bytes
          countedInHead.add(source)
        } else {
          if ((lastUse.get(source) ?? 0) < to && !countedInTail.has(source)) tail += bytes
          countedInTail.add(source)
        }
      }
    }
    return { headWeightBytes: head, tailWeightBytes: tail }
  }
}

/** sums[n] is the sum of the first n numbers. */
function runningSums(numbers: Float64Array): number[] {
  const sums = [0]
  for (const number of numbers) sums.push((sums.at(-1) ?? 0) + number)
  return sums
}
