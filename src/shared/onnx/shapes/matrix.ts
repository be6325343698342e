import type { Shape } from '../../tensor/tensorSpec.ts'
import { broadcast } from './dimensions.ts'
import type { ShapeRules } from './shapeRule.ts'

/** numpy.matmul: the last two axes are multiplied, those before are broadcast, vectors lose their axis. */
function matrixProduct(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined
  const left = a.length === 1 ? [1, ...a] : a
  const right = b.length === 1 ? [...b, 1] : b
  const stack = broadcast(left.slice(0, -2), right.slice(0, -2))
  if (stack === undefined) return undefined
  const rows = a.length === 1 ? [] : [left.at(-2) ?? null]
  const columns = b.length === 1 ? [] : [right.at(-1) ?? null]
  return [...stack, ...rows, ...columns]
}

export const matrix: ShapeRules = {
  MatMul: ({ input }) => [{ dtype: input(0).dtype, shape: matrixProduct(input(0).shape, input(1).shape) }],
  MatMulInteger: ({ input }) => [{ dtype: 'int32', shape: matrixProduct(input(0).shape, input(1).shape) }],
  QLinearMatMul: ({ input }) => [{ dtype: input(7).dtype, shape: matrixProduct(input(0).shape, input(3).shape) }],
  Gemm: ({ attributes, input }) => {
    const { dtype, shape: a } = input(0)
    const b = input(1).shape
    const rows = a?.[attributes.int('transA') === 1 ? 1 : 0] ?? null
    const columns = b?.[attributes.int('transB') === 1 ? 0 : 1] ?? null
    return [{ dtype, shape: [rows, columns] }]
  },
}
