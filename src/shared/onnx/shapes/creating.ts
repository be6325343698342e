import { dataTypeOfElement } from '../elementType.ts'
import { factsOfConstant } from './constantFacts.ts'
import { productOf } from './dimensions.ts'
import { areNumbers, forAll, type ShapeRules } from './shapeRule.ts'

/** Operators that make tensors from nothing, from a shape, or from sizes. */
export const creating: ShapeRules = {
  Constant: ({ attributes }) => {
    const tensor = attributes.tensor('value')
    if (tensor !== undefined) return [factsOfConstant(tensor)]
    const [ints, floats] = [attributes.ints('value_ints'), attributes.floats('value_floats')]
    if (ints !== undefined && ints.length > 0) return [{ dtype: 'int64', shape: [ints.length], elements: ints }]
    if (floats !== undefined && floats.length > 0)
      return [{ dtype: 'float32', shape: [floats.length], elements: floats }]
    const int = attributes.int('value_int')
    if (int !== undefined) return [{ dtype: 'int64', shape: [], elements: [int] }]
    const float = attributes.float('value_float')
    return float === undefined ? [{}] : [{ dtype: 'float32', shape: [], elements: [float] }]
  },
  ConstantOfShape: ({ attributes, input }) => {
    const value = attributes.tensor('value')
    const filled = value === undefined ? { dtype: 'float32' as const, elements: [0] } : factsOfConstant(value)
    const shape = input(0).elements
    const count = shape === undefined ? null : productOf(shape)
    const isSmall = typeof count === 'number' && count <= 64
    const elements = isSmall ? Array.from({ length: count }, () => filled.elements?.[0] ?? null) : undefined
    return [{ dtype: filled.dtype, shape, elements }]
  },
  Shape: ({ attributes, input }) => {
    const { shape } = input(0)
    const part = shape?.slice(attributes.int('start') ?? 0, attributes.int('end'))
    return [{ dtype: 'int64', shape: part === undefined ? [null] : [part.length], elements: part }]
  },
  Size: ({ input }) => {
    const { shape } = input(0)
    return [{ dtype: 'int64', shape: [], elements: shape && [productOf(shape)] }]
  },
  Range: ({ input }) => {
    const bounds = [0, 1, 2].map((position) => input(position).elements?.[0] ?? null)
    if (!areNumbers(bounds)) return [{ dtype: input(0).dtype, shape: [null] }]
    const [start = 0, limit = 0, step = 1] = bounds
    const count = Math.max(0, Math.ceil((limit - start) / step))
    const elements = count <= 64 ? Array.from({ length: count }, (_, index) => start + index * step) : undefined
    return [{ dtype: input(0).dtype, shape: [count], elements }]
  },
  OneHot: ({ attributes, input }) => {
    const { shape } = input(0)
    if (shape === undefined) return [{ dtype: input(2).dtype }]
    const axis = attributes.int('axis') ?? -1
    const at = axis < 0 ? axis + shape.length + 1 : axis
    const depth = input(1).elements?.[0] ?? null
    return [{ dtype: input(2).dtype, shape: [...shape.slice(0, at), depth, ...shape.slice(at)] }]
  },
  NonZero: ({ input }) => [{ dtype: 'int64', shape: [input(0).shape?.length ?? null, null] }],
  ...forAll(['RandomNormal', 'RandomUniform'], ({ attributes }) => [
    { dtype: dataTypeOfElement(attributes.int('dtype') ?? 1), shape: attributes.ints('shape') },
  ]),
  ...forAll(['RandomNormalLike', 'RandomUniformLike', 'Bernoulli'], ({ attributes, input }) => [
    { dtype: dataTypeOfElement(attributes.int('dtype') ?? 0) ?? input(0).dtype, shape: input(0).shape },
  ]),
}
