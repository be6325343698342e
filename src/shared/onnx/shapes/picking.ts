import type { Dimension } from '../../tensor/tensorSpec.ts'
import { mapSize } from './dimensions.ts'
import { areNumbers, axisIndex, intsOf, type ShapeRules } from './shapeRule.ts'

/** Operators that take some elements of a tensor. */
export const picking: ShapeRules = {
  Gather: ({ attributes, input }) => {
    const { dtype, shape, elements } = input(0)
    const indices = input(1)
    const axis = shape && axisIndex(attributes.int('axis') ?? 0, shape.length)
    if (shape === undefined || axis === undefined || indices.shape === undefined) return [{ dtype }]
    const chosen = areNumbers(indices.elements)
      ? indices.elements.map((index) => elements?.at(index) ?? null)
      : undefined
    return [
      {
        dtype,
        shape: [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)],
        elements: elements && shape.length === 1 ? chosen : undefined,
      },
    ]
  },
  GatherElements: ({ input }) => [{ dtype: input(0).dtype, shape: input(1).shape }],
  Slice: (application) => {
    const { dtype, shape, elements } = application.input(0)
    const starts = intsOf(application, 'starts', 1)
    const ends = intsOf(application, 'ends', 2)
    if (shape === undefined) return [{ dtype }]
    const axes = intsOf(application, 'axes', 3) ?? starts?.map((_, index) => index)
    const steps = intsOf(application, 'steps', 4)
    if (starts === undefined || ends === undefined || axes === undefined) {
      return [{ dtype, shape: shape.map(() => null) }]
    }
    const result: Dimension[] = [...shape]
    let chosen = elements
    for (const [index, given] of axes.entries()) {
      const axis = axisIndex(given, shape.length)
      if (axis === undefined) continue
      const range = { start: starts[index] ?? 0, end: ends[index] ?? 0, step: steps?.[index] ?? 1 }
      const isWhole = range.start === 0 && range.step === 1 && range.end >= 2 ** 31 - 1
      if (isWhole) continue
      result[axis] = mapSize(shape[axis] ?? null, (size) => indicesOf(size, range).length)
      if (shape.length === 1) chosen = chosen && indicesOf(chosen.length, range).map((each) => elements?.[each] ?? null)
    }
    return [{ dtype, shape: result, elements: shape.length === 1 ? chosen : undefined }]
  },
  TopK: (application) => {
    const { attributes, input } = application
    const { dtype, shape } = input(0)
    const axis = shape && axisIndex(attributes.int('axis') ?? -1, shape.length)
    const count = attributes.int('k') ?? input(1).elements?.[0] ?? null
    const result = shape?.map((size, index) => (index === axis ? count : size))
    return [
      { dtype, shape: result },
      { dtype: 'int64', shape: result },
    ]
  },
  GatherND: ({ attributes, input }) => {
    const { dtype, shape } = input(0)
    const indices = input(1).shape
    const batch = attributes.int('batch_dims') ?? 0
    const last = indices?.at(-1)
    if (shape === undefined || indices === undefined || typeof last !== 'number') return [{ dtype }]
    return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(batch + last)] }]
  },
}

/** The indices that start:end:step takes of `size` elements, as numpy does. */
function indicesOf(size: number, range: { start: number; end: number; step: number }): number[] {
  const { step } = range
  const clamp = (index: number, low: number, high: number): number =>
    Math.min(Math.max(index < 0 ? index + size : index, low), high)
  const start = step > 0 ? clamp(range.start, 0, size) : clamp(range.start, 0, size - 1)
  const end = step > 0 ? clamp(range.end, 0, size) : clamp(range.end, -1, size - 1)
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step))
  return Array.from({ length: count }, (_, index) => start + index * step)
}
