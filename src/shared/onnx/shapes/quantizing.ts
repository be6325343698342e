import { dataTypeOfElement } from '../elementType.ts'
import type { ShapeRules } from './shapeRule.ts'

export const quantizing: ShapeRules = {
  QuantizeLinear: ({ attributes, input }) => [
    {
      dtype: input(2).dtype ?? dataTypeOfElement(attributes.int('output_dtype') ?? 0) ?? 'uint8',
      shape: input(0).shape,
    },
  ],
  DequantizeLinear: ({ input }) => [{ dtype: input(1).dtype ?? 'float32', shape: input(0).shape }],
  DynamicQuantizeLinear: ({ input }) => [
    { dtype: 'uint8', shape: input(0).shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
}
