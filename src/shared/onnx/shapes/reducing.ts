import { axisIndex, forAll, intsOf, type ShapeRule, type ShapeRules } from './shapeRule.ts'

const reduced: ShapeRule = (application) => {
  const { dtype, shape } = application.input(0)
  const axes = intsOf(application, 'axes', 1)
  const hasUnknownAxes = axes === undefined && application.input(1).shape !== undefined
  if (shape === undefined || hasUnknownAxes) return [{ dtype }]
  const keepsAll = application.attributes.int('noop_with_empty_axes') === 1
  if (axes === undefined || axes.length === 0) {
    if (keepsAll) return [{ dtype, shape }]
    return [{ dtype, shape: application.attributes.int('keepdims') === 0 ? [] : shape.map(() => 1) }]
  }
  const gone = axes.map((axis) => axisIndex(axis, shape.length))
  if (application.attributes.int('keepdims') === 0) {
    return [{ dtype, shape: shape.filter((_, axis) => !gone.includes(axis)) }]
  }
  return [{ dtype, shape: shape.map((size, axis) => (gone.includes(axis) ? 1 : size)) }]
}

const position: ShapeRule = ({ attributes, input }) => {
  const { shape } = input(0)
  const gone = shape && axisIndex(attributes.int('axis') ?? 0, shape.length)
  if (attributes.int('keepdims') === 0) {
    return [{ dtype: 'int64', shape: shape?.filter((_, axis) => axis !== gone) }]
  }
  return [{ dtype: 'int64', shape: shape?.map((size, axis) => (axis === gone ? 1 : size)) }]
}

const operations = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare']

export const reducing: ShapeRules = {
  ...forAll(
    operations.map((each) => `Reduce${each}`),
    reduced,
  ),
  ...forAll(['ArgMax', 'ArgMin'], position),
}
