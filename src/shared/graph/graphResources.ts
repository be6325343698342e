import type { Result } from '../errors/result.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/**
 * Facts from outside the document that typing needs: looked up synchronously, loaded beforehand by the host.
 * Tests build one from literals; `emptyResources` knows nothing.
 */
export interface GraphResources {
  model(name: string): ModelSummary | undefined
  calibration(hash: string): CalibrationSummary | undefined
  /** Number of names in a label set, or undefined if there is no such set. */
  labelSet(id: string): LabelSetSummary | undefined
}

export interface LabelSetSummary {
  readonly id: string
  readonly names: readonly string[]
}

export interface CalibrationSummary {
  readonly hash: string
  readonly levels: number
  /** The tensor it was made for, batch dimension as 1. */
  readonly tensor: TensorSpec
}

/** A model as typing sees it. Tensor names are ONNX value names. */
export interface ModelSummary {
  readonly name: string
  /** SHA-256 of the ONNX file, hex. */
  readonly hash: string
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  /** Preprocessing preset of its card, e.g. "imagenet-tf". */
  readonly preset?: string
  /** Label set of its card, e.g. "imagenet". */
  readonly labels?: string
  /**
   * Ports of the part between two cuts: from `inputs` (default: the model's inputs) to `outputs` (default: its
   * outputs). Fails with `model.tensor-missing` or `model.cut-illegal`.
   */
  part(range: { readonly inputs?: readonly string[]; readonly outputs?: readonly string[] }): Result<ModelPart>
}

export interface ModelPart {
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
}

export const emptyResources: GraphResources = {
  model: () => undefined,
  calibration: () => undefined,
  labelSet: () => undefined,
}
