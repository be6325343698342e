import type { DataType } from '../tensor/dataType.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** A type that both ends know under a number, so that a frame carries only the dimensions that it leaves open. */
export interface LinkSchema {
  readonly id: number
  readonly dtype: DataType
  /** -1 where each frame says its own. */
  readonly dims: readonly number[]
}

export function toLinkSchema(id: number, spec: TensorSpec): LinkSchema {
  return { id, dtype: spec.dtype, dims: spec.shape.map((dim) => (typeof dim === 'number' ? dim : -1)) }
}

/**
 * Finds, or makes by `announce`, the schema of each tensor that is sent. A tensor that no schema fits gets one of its
 * exact shape the first time, and one with every dimension open the second time: a stream of changing shapes needs two.
 */
export function createSchemaTable(announce: (id: number, spec: TensorSpec) => void): {
  add(spec: TensorSpec): void
  schemaOf(tensor: Tensor): LinkSchema
} {
  const schemas: LinkSchema[] = []
  let latest: LinkSchema | undefined

  function intern(spec: TensorSpec): LinkSchema {
    const schema = toLinkSchema(schemas.length, spec)
    schemas.push(schema)
    announce(schema.id, spec)
    return schema
  }

  return {
    add: (spec) => void intern(spec),
    schemaOf(tensor) {
      if (latest !== undefined && fits(latest, tensor)) return latest
      const { dtype, shape } = tensor
      latest = schemas.find((schema) => fits(schema, tensor))
      if (latest === undefined) {
        const isFirst = !schemas.some(({ dtype: other, dims }) => other === dtype && dims.length === shape.length)
        latest = intern({ dtype, shape: isFirst ? shape : shape.map(() => null) })
      }
      return latest
    },
  }
}

function fits(schema: LinkSchema, { dtype, shape }: Tensor): boolean {
  const { dims } = schema
  if (schema.dtype !== dtype || dims.length !== shape.length) return false
  for (let axis = 0; axis < dims.length; axis++) {
    const dim = dims[axis]
    if (dim !== -1 && dim !== shape[axis]) return false
  }
  return true
}
