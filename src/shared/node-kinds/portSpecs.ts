import type { Port } from '../graph/kindRegistry.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** An RGB picture of any size, as it comes from a decoder: uint8 [H, W, 3]. */
export const pictureSpec: TensorSpec = { dtype: 'uint8', shape: [null, null, 3], layout: 'HWC' }

export const picturePort: Port = { label: 'Image', expects: pictureSpec }
