import type { Dimension } from '../../tensor/tensorSpec.ts'
import { type Application, areNumbers, axisIndex, type ShapeRules, type ValueFacts } from './shapeRule.ts'

function resized({ attributes }: Application, x: ValueFacts, scales: ValueFacts, sizes: ValueFacts): ValueFacts {
  const { dtype, shape } = x
  if (shape === undefined) return { dtype }
  const axes = attributes.ints('axes')?.map((axis) => axisIndex(axis, shape.length)) ?? shape.map((_, axis) => axis)
  const target = sizes.elements
  const factors = areNumbers(scales.elements) ? scales.elements : undefined
  const result = shape.map((size, axis): Dimension => {
    const index = axes.indexOf(axis)
    if (index === -1) return size
    if (target !== undefined && target.length > 0) return target[index] ?? null
    const factor = factors?.[index]
    if (factor === undefined) return null
    if (factor === 1) return size
    return typeof size === 'number' ? Math.floor(size * factor) : null
  })
  const policy = attributes.text('keep_aspect_ratio_policy') ?? 'stretch'
  return { dtype, shape: policy === 'stretch' ? result : shape.map(() => null) }
}

export const resizing: ShapeRules = {
  Resize: (application) => {
    const { input, opset } = application
    // Opset 10 has no region of interest: its scales come second.
    if (opset < 11) return [resized(application, input(0), input(1), {})]
    return [resized(application, input(0), input(2), input(3))]
  },
  Upsample: (application) => {
    const scales = application.attributes.floats('scales')
    return [resized(application, application.input(0), scales ? { elements: scales } : application.input(1), {})]
  },
}
