import type { DataType } from '../tensor/dataType.ts'
import type { Dimension, TensorSpec } from '../tensor/tensorSpec.ts'
import type { SpecMismatch } from './checkSpec.ts'
import type { JsonObject } from './graph.ts'
import type { Port } from './kindRegistry.ts'

/** A node that would make a tensor fit. */
export interface Adapter {
  readonly kind: string
  readonly params: JsonObject
}

/**
 * Nodes that, put on the wire in this order, turn `found` into what the input takes; empty where there is no simple
 * way. `preset` is the preprocessing of the model behind the input: it does dtype, scale and layout in one node.
 */
export function suggestAdapters(
  found: TensorSpec,
  port: Port,
  mismatch: SpecMismatch,
  preset: string | undefined,
): readonly Adapter[] {
  const expected = port.expects
  if (isOpaque(found.dtype) || mismatch === 'encoding') return []
  if (expected === undefined) {
    const dtype = typeof port.accepts === 'string' ? port.accepts : port.accepts?.find((type) => !isOpaque(type))
    return dtype === undefined || isOpaque(dtype) ? [] : [cast(dtype)]
  }
  if (isOpaque(expected.dtype)) return []
  if (isPicture(found)) return adaptPicture(found, expected, preset)
  const adapters: Adapter[] = []
  if (found.dtype !== expected.dtype) adapters.push(cast(expected.dtype))
  if (found.shape.length !== expected.shape.length) return []
  if (expected.layout !== undefined && found.layout !== undefined && found.layout !== expected.layout) {
    adapters.push({ kind: 'layout', params: { to: expected.layout } })
  }
  return adapters
}

/** From one HWC picture: first its size, then its values and axes. */
function adaptPicture(found: TensorSpec, expected: TensorSpec, preset: string | undefined): Adapter[] {
  const adapters: Adapter[] = []
  const [height, width] = sizeOf(expected)
  const [foundHeight, foundWidth] = sizeOf(found)
  if (typeof height === 'number' && typeof width === 'number' && (height !== foundHeight || width !== foundWidth)) {
    adapters.push({ kind: 'resize-crop', params: { width, height } })
  }
  if (expected.shape.length === 4) {
    if (preset !== undefined) return [...adapters, { kind: 'normalize', params: { preset } }]
    adapters.push({ kind: 'layout', params: { to: expected.layout ?? 'NCHW' } })
  } else if (expected.shape.length !== 3) return []
  if (found.dtype !== expected.dtype) adapters.push(cast(expected.dtype))
  return adapters
}

function sizeOf({ shape, layout }: TensorSpec): readonly [Dimension, Dimension] {
  const first = shape.length === 3 ? 0 : layout === 'NHWC' ? 1 : 2
  return [shape[first] ?? null, shape[first + 1] ?? null]
}

function isPicture({ shape, layout }: TensorSpec): boolean {
  return shape.length === 3 && (layout === 'HWC' || (layout === undefined && (shape[2] === 3 || shape[2] === 1)))
}

function isOpaque(dtype: DataType): boolean {
  return dtype === 'bytes' || dtype === 'string'
}

function cast(dtype: DataType): Adapter {
  return { kind: 'cast', params: { dtype } }
}
