import type { DataType } from '../../tensor/dataType.ts'
import type { Dimension, Shape } from '../../tensor/tensorSpec.ts'
import type { Attributes } from '../attributes.ts'

/** What is known of one value; anything may be unknown. */
export interface ValueFacts {
  readonly dtype?: DataType | undefined
  readonly shape?: Shape | undefined
  /** Its elements, for small tensors that are the same in every frame or are made of dimensions (shape arithmetic). */
  readonly elements?: readonly Dimension[] | undefined
}

/** One use of an operator. */
export interface Application {
  readonly opType: string
  readonly opset: number
  readonly attributes: Attributes
  /** Facts of an input by position; a left-out optional input knows nothing. */
  input(position: number): ValueFacts
  readonly inputCount: number
  readonly outputCount: number
}

/** Facts of an operator's outputs by position, as the operator's page in the ONNX reference defines them. */
export type ShapeRule = (application: Application) => readonly ValueFacts[]

/** Operators of one family. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>

/** One rule under several names. */
export function forAll(opTypes: readonly string[], rule: ShapeRule): ShapeRules {
  return Object.fromEntries(opTypes.map((opType) => [opType, rule]))
}

/** The output is of the type and shape of the first input. */
export const likeFirstInput: ShapeRule = ({ input }) => [{ dtype: input(0).dtype, shape: input(0).shape }]

/** A possibly negative axis as an index, or undefined if it is out of range. */
export function axisIndex(axis: number, rank: number): number | undefined {
  const index = axis < 0 ? axis + rank : axis
  return index >= 0 && index < rank ? index : undefined
}

export function areNumbers(elements: readonly Dimension[] | undefined): elements is readonly number[] {
  return elements?.every((element) => typeof element === 'number') ?? false
}

/** A list that older opsets take as attribute and newer ones as input. */
export function intsOf(application: Application, attribute: string, position: number): readonly number[] | undefined {
  const given = application.attributes.ints(attribute)
  if (given !== undefined) return given
  const { elements } = application.input(position)
  return areNumbers(elements) ? elements : undefined
}
