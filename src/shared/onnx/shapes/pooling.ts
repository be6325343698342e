import type { Dimension, Shape } from '../../tensor/tensorSpec.ts'
import { mapSize } from './dimensions.ts'
import { type Application, forAll, type ShapeRule, type ShapeRules } from './shapeRule.ts'

/** Spatial sizes after a sliding window, for pools and convolutions: pads, strides, dilations, auto_pad, ceil_mode. */
export function windowedSizes(
  { attributes }: Application,
  sizes: Shape,
  kernel: readonly Dimension[],
): readonly Dimension[] {
  const pads = attributes.ints('pads') ?? []
  const strides = attributes.ints('strides') ?? []
  const dilations = attributes.ints('dilations') ?? []
  const auto = attributes.text('auto_pad') ?? 'NOTSET'
  const ceil = attributes.int('ceil_mode') === 1
  return sizes.map((dimension, axis) => {
    const window = kernel[axis]
    const stride = strides[axis] ?? 1
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') return mapSize(dimension, (size) => Math.ceil(size / stride))
    if (typeof window !== 'number') return null
    const reach = (window - 1) * (dilations[axis] ?? 1) + 1
    const before = auto === 'VALID' ? 0 : (pads[axis] ?? 0)
    const after = auto === 'VALID' ? 0 : (pads[axis + sizes.length] ?? 0)
    return mapSize(dimension, (size) => {
      const steps = (size + before + after - reach) / stride
      if (!ceil) return Math.floor(steps) + 1
      const count = Math.ceil(steps) + 1
      // A last window that would start in the padding behind the data is left out.
      return (count - 1) * stride >= size + before ? count - 1 : count
    })
  })
}

const pooled: ShapeRule = (application) => {
  const { dtype, shape } = application.input(0)
  if (shape === undefined) return [{ dtype }, { dtype: 'int64' }]
  const kernel = application.attributes.ints('kernel_shape') ?? []
  const result = [...shape.slice(0, 2), ...windowedSizes(application, shape.slice(2), kernel)]
  return [
    { dtype, shape: result },
    { dtype: 'int64', shape: result },
  ]
}

export const pooling: ShapeRules = {
  ...forAll(['MaxPool', 'AveragePool', 'LpPool'], pooled),
  ...forAll(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'], ({ input }) => {
    const { dtype, shape } = input(0)
    return [{ dtype, shape: shape?.map((size, axis) => (axis < 2 ? size : 1)) }]
  }),
}
