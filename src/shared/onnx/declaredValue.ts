import type { GraphProto, TypeProto } from 'onnx-buf'
import type { Dimension, Shape } from '../tensor/tensorSpec.ts'
import { dataTypeOfElement } from './elementType.ts'
import type { DeclaredValue } from './onnxModel.ts'

/**
 * What a file says about its inputs, outputs and values between. An unnamed first dimension of an input is its batch
 * and gets the symbol "N", so that it can be followed through the network.
 */
export function declaredValues(graph: GraphProto, inputs: readonly string[]): Map<string, DeclaredValue> {
  const declared = new Map<string, DeclaredValue>()
  for (const { name, type } of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const value = declaredValue(type)
    if (value !== undefined) declared.set(name, value)
  }
  for (const name of inputs) {
    const value = declared.get(name)
    if (value?.shape !== undefined && value.shape.length > 1 && value.shape[0] === null) {
      declared.set(name, { ...value, shape: ['N', ...value.shape.slice(1)] })
    }
  }
  return declared
}

/** Undefined for what is not a tensor (a sequence, a map). */
function declaredValue(type: TypeProto | undefined): DeclaredValue | undefined {
  if (type?.value.case !== 'tensorType') return undefined
  const { elemType, shape } = type.value.value
  const dtype = dataTypeOfElement(elemType)
  return {
    ...(dtype === undefined ? {} : { dtype }),
    ...(shape === undefined ? {} : { shape: shape.dim.map(({ value }) => toDimension(value)) }),
  }
}

function toDimension(value: { case?: string | undefined; value?: bigint | string | undefined }): Dimension {
  // Exporters write 0 and -1 for a size that is not fixed.
  if (typeof value.value === 'bigint') return value.value > 0n ? Number(value.value) : null
  return value.value === undefined || value.value === '' ? null : value.value
}

/** The dimension by dimension union of two statements about one value; `first` wins where both say something. */
export function mergeShapes(first: Shape | undefined, second: Shape | undefined): Shape | undefined {
  if (first === undefined || second === undefined || first.length !== second.length) return first ?? second
  return first.map((dimension, axis) => dimension ?? second[axis] ?? null)
}
