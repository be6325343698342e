import type { DataType } from '../tensor/dataType.ts'
import { byteLengthOf, type Shape, type TensorSpec } from '../tensor/tensorSpec.ts'
import { type CutWeights, measureCutWeights } from './cutWeights.ts'
import { findCuts } from './findCuts.ts'
import { inferShapes } from './inferShapes.ts'
import { liveNetwork } from './liveNetwork.ts'
import type { OnnxModel } from './onnxModel.ts'

const defaultMaxCutWidth = 4

/** A set of tensors between a head and a tail: the head makes them, the tail needs nothing else. */
export interface LegalCut extends CutWeights {
  /** Names of the tensors in the order in which they come to be, joined by "+". */
  readonly id: string
  readonly tensors: readonly CutTensor[]
  /** Bytes of all tensors, each symbol counted as 1 (one picture a frame); null where a size is unknown. */
  readonly bytes: number | null
}

export interface CutTensor {
  readonly name: string
  readonly dtype: DataType
  readonly shape: Shape
  readonly bytes: number | null
}

export interface CutList {
  /** In topological order: a cut whose head contains another's head comes behind it. */
  readonly cuts: readonly LegalCut[]
  /** Whether a part of the network has more cuts of several tensors than the search's budget allows. */
  readonly incomplete: boolean
  /**
   * Those parts, from behind one tensor to another: cuts of `width` and more tensors are not all in the list there.
   * Cuts of one tensor always are.
   */
  readonly unsearched: readonly { readonly after: string; readonly before: string; readonly width: number }[]
}

/**
 * Every cut of one tensor and, up to `maxWidth`, of several. Head and tail are never empty; dead code and nodes that only
 * make weights count for neither. Left out are cuts with a tensor whose dtype or rank is unknown (nothing could carry
 * it). An input of the network that the tail still reads is one of the tensors; so is an output that the head makes.
 */
export function legalCuts(model: OnnxModel, options: { readonly maxWidth?: number } = {}): CutList {
  const network = liveNetwork(model)
  const specs = inferShapes(model)
  const { cuts, incomplete } = findCuts(network, options.maxWidth ?? defaultMaxCutWidth)
  const weigh = measureCutWeights(model, network)
  const legal: LegalCut[] = []
  for (const cut of cuts) {
    const tensors = describeTensors(
      cut.values.map((value) => network.names[value] ?? ''),
      specs,
    )
    if (tensors === undefined) continue
    legal.push({
      id: tensors.map(({ name }) => name).join('+'),
      tensors,
      bytes: sumOrNull(tensors.map(({ bytes }) => bytes)),
      ...weigh(cut),
    })
  }
  const nameAt = (position: number): string => network.nodes[position]?.outputs[0] ?? model.inputs[0] ?? ''
  return {
    cuts: legal,
    incomplete: incomplete.length > 0,
    unsearched: incomplete.map(({ from, to, width }) => ({ after: nameAt(from - 1), before: nameAt(to - 1), width })),
  }
}

function describeTensors(
  names: readonly string[],
  specs: ReadonlyMap<string, TensorSpec>,
): readonly CutTensor[] | undefined {
  const tensors: CutTensor[] = []
  for (const name of names) {
    const spec = specs.get(name)
    if (spec === undefined) return undefined
    tensors.push({ name, dtype: spec.dtype, shape: spec.shape, bytes: byteLengthOf(spec) ?? null })
  }
  return tensors
}

function sumOrNull(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>((sum, each) => (sum === null || each === null ? null : sum + each), 0)
}
