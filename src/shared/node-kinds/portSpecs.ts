import type { Port } from '../graph/kindRegistry.ts'
import type { NumericDataType } from '../tensor/dataType.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** An RGB picture of any size, as it comes from a decoder: uint8 [H, W, 3]. */
export const pictureSpec: TensorSpec = { dtype: 'uint8', shape: [null, null, 3], layout: 'HWC' }

export const picturePort: Port = { label: 'Image', expects: pictureSpec }

export const numericTypes = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
] as const satisfies readonly NumericDataType[]
