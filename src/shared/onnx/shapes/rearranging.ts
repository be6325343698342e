import type { Dimension, Shape } from '../../tensor/tensorSpec.ts'
import { add, fillIn, mapSize, multiply, productOf } from './dimensions.ts'
import { areNumbers, axisIndex, intsOf, type ShapeRules } from './shapeRule.ts'

/** Operators that change the shape of a tensor and keep every element. */
export const rearranging: ShapeRules = {
  Reshape: (application) => {
    const { dtype, shape, elements } = application.input(0)
    const target = application.attributes.ints('shape') ?? application.input(1).elements
    if (target === undefined) {
      const rank = application.input(1).shape?.[0]
      return [{ dtype, shape: typeof rank === 'number' ? Array.from({ length: rank }, () => null) : undefined }]
    }
    const keepsZeros = application.attributes.int('allowzero') === 1
    const kept = target.map((size, axis): Dimension => (size === 0 && !keepsZeros ? (shape?.[axis] ?? null) : size))
    return [{ dtype, shape: fillIn(shape, kept), elements }]
  },
  Flatten: ({ attributes, input }) => {
    const { dtype, shape } = input(0)
    if (shape === undefined) return [{ dtype, shape: [null, null] }]
    const axis = attributes.int('axis') ?? 1
    const at = axis < 0 ? axis + shape.length : axis
    return [{ dtype, shape: [productOf(shape.slice(0, at)), productOf(shape.slice(at))] }]
  },
  Transpose: ({ attributes, input }) => {
    const { dtype, shape } = input(0)
    const order = attributes.ints('perm') ?? shape?.map((_, axis) => shape.length - 1 - axis)
    return [{ dtype, shape: shape && order?.map((axis) => shape[axis] ?? null) }]
  },
  Squeeze: (application) => {
    const { dtype, shape, elements } = application.input(0)
    const axes = intsOf(application, 'axes', 1)
    if (shape === undefined || (axes === undefined && application.inputCount > 1)) return [{ dtype, elements }]
    const gone = axes?.map((axis) => axisIndex(axis, shape.length))
    const left = shape.filter((size, axis) => (gone === undefined ? size !== 1 : !gone.includes(axis)))
    return [{ dtype, shape: left, elements }]
  },
  Unsqueeze: (application) => {
    const { dtype, shape, elements } = application.input(0)
    const axes = intsOf(application, 'axes', 1)
    if (shape === undefined || axes === undefined) return [{ dtype, elements }]
    const rank = shape.length + axes.length
    const fresh = axes.map((axis) => axisIndex(axis, rank))
    const old = [...shape]
    const result = Array.from({ length: rank }, (_, axis) => (fresh.includes(axis) ? 1 : (old.shift() ?? null)))
    return [{ dtype, shape: result, elements }]
  },
  Concat: ({ attributes, input, inputCount }) => {
    const inputs = Array.from({ length: inputCount }, (_, position) => input(position))
    const first = inputs[0]?.shape
    const axis = first && axisIndex(attributes.int('axis') ?? 1, first.length)
    const parts = inputs.map(({ elements }) => elements)
    const elements = parts.every((part) => part !== undefined) ? parts.flat() : undefined
    const length = inputs.reduce<Dimension>(
      (sum, { shape }) => add(sum, (axis !== undefined && shape?.[axis]) || null),
      0,
    )
    const shape = first?.map((size, index) =>
      index === axis
        ? length
        : (inputs.map((each) => each.shape?.[index]).find((each) => typeof each === 'number') ?? size),
    )
    return [{ dtype: inputs[0]?.dtype, shape, elements }]
  },
  Split: (application) => {
    const { dtype, shape } = application.input(0)
    const { outputCount, attributes } = application
    const axis = shape && axisIndex(attributes.int('axis') ?? 0, shape.length)
    const sizes = intsOf(application, 'split', 1)
    return Array.from({ length: outputCount }, (_, index) => {
      const whole = axis === undefined ? null : (shape?.[axis] ?? null)
      // An uneven split makes equal parts and a smaller last one.
      const part = mapSize(whole, (size) => {
        const step = Math.ceil(size / outputCount)
        return Math.min(step, size - step * index)
      })
      return { dtype, shape: shape?.map((size, each) => (each === axis ? (sizes?.[index] ?? part) : size)) }
    })
  },
  Expand: ({ input }) => {
    const { dtype, shape } = input(0)
    const target = input(1).elements
    if (shape === undefined || target === undefined) return [{ dtype }]
    const rank = Math.max(shape.length, target.length)
    const result = Array.from({ length: rank }, (_, axis): Dimension => {
      const own = shape[axis - rank + shape.length] ?? (axis < rank - shape.length ? 1 : null)
      const wanted = target[axis - rank + target.length] ?? (axis < rank - target.length ? 1 : null)
      return wanted === 1 ? own : own === 1 || typeof wanted === 'number' ? wanted : own
    })
    return [{ dtype, shape: result }]
  },
  Tile: ({ input }) => {
    const { dtype, shape } = input(0)
    const repeats = input(1).elements
    return [{ dtype, shape: shape?.map((size, axis) => multiply(size, repeats?.[axis] ?? null)) }]
  },
  DepthToSpace: ({ attributes, input }) => {
    const { dtype, shape } = input(0)
    const block = attributes.int('blocksize') ?? 1
    return [
      {
        dtype,
        shape:
          shape &&
          blocked(
            shape,
            (channels) => channels / block ** 2,
            (size) => size * block,
          ),
      },
    ]
  },
  SpaceToDepth: ({ attributes, input }) => {
    const { dtype, shape } = input(0)
    const block = attributes.int('blocksize') ?? 1
    return [
      {
        dtype,
        shape:
          shape &&
          blocked(
            shape,
            (channels) => channels * block ** 2,
            (size) => size / block,
          ),
      },
    ]
  },
  Pad: (application) => {
    const { dtype, shape } = application.input(0)
    const pads = intsOf(application, 'pads', 1)
    const given = application.input(3).elements
    if (shape === undefined || pads === undefined) return [{ dtype, shape: shape?.map(() => null) }]
    const axes = areNumbers(given) ? given.map((axis) => axisIndex(axis, shape.length)) : shape.map((_, axis) => axis)
    const result = shape.map((size, axis) => {
      const index = axes.indexOf(axis)
      if (index === -1) return size
      const extra = (pads[index] ?? 0) + (pads[index + axes.length] ?? 0)
      return extra === 0 ? size : mapSize(size, (known) => known + extra)
    })
    return [{ dtype, shape: result }]
  },
}

function blocked(shape: Shape, depth: (channels: number) => number, side: (size: number) => number): Shape {
  return shape.map((size, axis) => (axis === 0 ? size : mapSize(size, axis === 1 ? depth : side)))
}
