import type { Dimension } from '../../tensor/tensorSpec.ts'
import { dataTypeOfElement } from '../elementType.ts'
import { add, broadcast, multiply } from './dimensions.ts'
import { type Application, forAll, likeFirstInput, type ShapeRule, type ShapeRules } from './shapeRule.ts'

/** Arithmetic on shapes that exporters leave in the graph (batch * channels, half of a height). */
const arithmetic: Readonly<Record<string, (a: Dimension, b: Dimension) => Dimension>> = {
  Add: add,
  Mul: multiply,
  Sub: (a, b) => (b === 0 ? a : typeof a === 'number' && typeof b === 'number' ? a - b : null),
  Div: (a, b) => (b === 1 ? a : typeof a === 'number' && typeof b === 'number' && b !== 0 ? a / b : null),
}

const joined: ShapeRule = (application) => {
  const inputs = Array.from({ length: application.inputCount }, (_, position) => application.input(position))
  return [
    {
      dtype: inputs.find(({ dtype }) => dtype !== undefined)?.dtype,
      shape: broadcast(...inputs.map(({ shape }) => shape)),
      elements: arithmeticResult(application),
    },
  ]
}

function arithmeticResult({ opType, input, inputCount }: Application): readonly Dimension[] | undefined {
  const operation = arithmetic[opType]
  const [a, b] = [input(0), input(1)]
  if (operation === undefined || inputCount !== 2 || a.elements === undefined || b.elements === undefined) return
  const length = Math.max(a.elements.length, b.elements.length)
  const isWhole = a.dtype !== 'float32' && a.dtype !== 'float64' && a.dtype !== 'float16'
  return Array.from({ length }, (_, index) => {
    const value = operation(pick(a.elements, index), pick(b.elements, index))
    return typeof value === 'number' && isWhole ? Math.trunc(value) : value
  })
}

function pick(elements: readonly Dimension[] = [], index: number): Dimension {
  return elements[elements.length === 1 ? 0 : index] ?? null
}

const rounding: Readonly<Record<string, (value: number) => number>> = { Floor: Math.floor, Ceil: Math.ceil }

const rounded: ShapeRule = ({ opType, input }) => {
  const { dtype, shape, elements } = input(0)
  const round = rounding[opType]
  const change = (element: Dimension): Dimension =>
    typeof element === 'number' && round !== undefined ? round(element) : null
  return [{ dtype, shape, elements: elements?.map(change) }]
}

const unary = [
  ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'ThresholdedRelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Mish'],
  ...['Gelu', 'Swish', 'Tanh', 'Softplus', 'Softsign', 'Softmax', 'LogSoftmax', 'Hardmax', 'Clip', 'PRelu', 'Shrink'],
  ...['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Erf', 'Sign', 'Round', 'Not', 'Sin', 'Cos', 'Tan', 'Asin'],
  ...['Acos', 'Atan', 'Sinh', 'Cosh', 'LRN', 'LpNormalization', 'InstanceNormalization', 'MeanVarianceNormalization'],
  ...['GroupNormalization', 'RMSNormalization', 'CumSum', 'Trilu', 'ScatterND', 'ScatterElements', 'BitwiseNot'],
]

export const elementwise: ShapeRules = {
  ...forAll(unary, likeFirstInput),
  ...forAll(Object.keys(rounding), rounded),
  ...forAll(['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Sum', 'Mean', 'Max', 'Min', 'And', 'Or', 'Xor', 'BitShift'], joined),
  ...forAll(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'], ({ input }) => [
    { dtype: 'bool', shape: broadcast(input(0).shape, input(1).shape) },
  ]),
  ...forAll(['IsNaN', 'IsInf'], ({ input }) => [{ dtype: 'bool', shape: input(0).shape }]),
  Pow: ({ input }) => [{ dtype: input(0).dtype, shape: broadcast(input(0).shape, input(1).shape) }],
  Where: ({ input }) => [
    { dtype: input(1).dtype ?? input(2).dtype, shape: broadcast(input(0).shape, input(1).shape, input(2).shape) },
  ],
  Identity: ({ input }) => [input(0)],
  Dropout: ({ input }) => [
    { dtype: input(0).dtype, shape: input(0).shape },
    { dtype: 'bool', shape: input(0).shape },
  ],
  BatchNormalization: ({ input }) => {
    const { dtype, shape } = input(0)
    const channels = { dtype, shape: [shape?.[1] ?? null] }
    return [{ dtype, shape }, channels, channels, channels, channels]
  },
  LayerNormalization: ({ input }) => [{ dtype: input(0).dtype, shape: input(0).shape }],
  Cast: ({ attributes, input }) => {
    const { shape, elements } = input(0)
    const dtype = dataTypeOfElement(attributes.int('to') ?? 0)
    const isFloat = dtype === 'float32' || dtype === 'float64' || dtype === 'float16'
    const cut = (element: Dimension): Dimension => (typeof element === 'number' ? Math.trunc(element) : element)
    return [{ dtype, shape, elements: isFloat ? elements : elements?.map(cut) }]
  },
  CastLike: ({ input }) => [{ dtype: input(1).dtype, shape: input(0).shape }],
}
