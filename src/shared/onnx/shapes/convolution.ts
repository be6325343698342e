import type { Dimension, Shape } from '../../tensor/tensorSpec.ts'
import { windowedSizes } from './pooling.ts'
import type { Application, ShapeRules } from './shapeRule.ts'

/** Output of a convolution of `x` [N, C, spatial...] with `weights` [M, C/group, kernel...]. */
function convolved(application: Application, x: Shape | undefined, weights: Shape | undefined): Shape | undefined {
  if (x === undefined) return undefined
  const kernel = application.attributes.ints('kernel_shape') ?? weights?.slice(2) ?? x.slice(2).map(() => null)
  return [x[0] ?? null, weights?.[0] ?? null, ...windowedSizes(application, x.slice(2), kernel)]
}

export const convolution: ShapeRules = {
  Conv: (application) => {
    const x = application.input(0)
    return [{ dtype: x.dtype, shape: convolved(application, x.shape, application.input(1).shape) }]
  },
  ConvInteger: (application) => [
    { dtype: 'int32', shape: convolved(application, application.input(0).shape, application.input(1).shape) },
  ],
  QLinearConv: (application) => {
    const { input } = application
    return [{ dtype: input(7).dtype, shape: convolved(application, input(0).shape, input(3).shape) }]
  },
  ConvTranspose: (application) => {
    const { attributes, input } = application
    const { dtype, shape } = input(0)
    const weights = input(1).shape
    if (shape === undefined) return [{ dtype }]
    const channels = weights?.[1]
    const group = attributes.int('group') ?? 1
    const kernel = attributes.ints('kernel_shape') ?? weights?.slice(2) ?? []
    const given = attributes.ints('output_shape')
    const spatial = shape.slice(2).map((size, axis): Dimension => {
      const fixed = given?.[axis]
      if (fixed !== undefined) return fixed
      const window = kernel[axis]
      if (typeof size !== 'number' || typeof window !== 'number') return null
      const stride = attributes.ints('strides')?.[axis] ?? 1
      const dilation = attributes.ints('dilations')?.[axis] ?? 1
      const auto = attributes.text('auto_pad') ?? 'NOTSET'
      if (auto.startsWith('SAME')) return size * stride
      const pads = auto === 'VALID' ? [] : (attributes.ints('pads') ?? [])
      const padded = (pads[axis] ?? 0) + (pads[axis + shape.length - 2] ?? 0)
      const extra = attributes.ints('output_padding')?.[axis] ?? 0
      return stride * (size - 1) + extra + (window - 1) * dilation + 1 - padded
    })
    const maps = typeof channels === 'number' ? channels * group : null
    return [{ dtype, shape: [shape[0] ?? null, maps, ...spatial] }]
  },
}
