import { bytesPerElement, type DataType } from './dataType.ts'

/** A number, a symbol that stands for the same number everywhere in one spec ("N"), or unknown (null). */
export type Dimension = number | string | null

/** Row-major, slowest dimension first, e.g. [N, C, H, W]. A scalar is []. */
export type Shape = readonly Dimension[]

/** What the axes mean; only pictures and feature maps say so. */
export type TensorLayout = 'HWC' | 'NHWC' | 'NCHW'

/** How encoded bytes were made, so that the decoder can be checked against the encoder and give back its type. */
export interface TensorEncoding {
  /** Id of the codec, e.g. "quantize-rans", "jpeg-tiles", "top-labels". */
  readonly codec: string
  /** The tensor that was encoded; absent where nothing decodes the bytes again. */
  readonly tensor?: TensorSpec
  /** What the decoder must know besides the bytes (levels, calibration hash). */
  readonly params?: Readonly<Record<string, unknown>>
}

export interface TensorSpec {
  readonly dtype: DataType
  readonly shape: Shape
  readonly layout?: TensorLayout
  readonly encoding?: TensorEncoding
}

/** Elements of one tensor, with each symbol counted as 1; undefined if a dimension is unknown. */
export function elementCountOf(shape: Shape): number | undefined {
  let count = 1
  for (const dimension of shape) {
    if (dimension === null) return undefined
    if (typeof dimension === 'number') count *= dimension
  }
  return count
}

/**
 * Bytes of one tensor, frame header excluded; symbols count as 1 (one picture a frame). Undefined where a dimension is
 * unknown and for strings.
 */
export function byteLengthOf(spec: TensorSpec): number | undefined {
  if (spec.dtype === 'string') return undefined
  const count = elementCountOf(spec.shape)
  return count === undefined ? undefined : count * bytesPerElement(spec.dtype)
}

/** "float32 [N,96,14,14] NCHW", "bytes [?] of quantize-rans(float32 [1,96,14,14])". */
export function formatSpec(spec: TensorSpec): string {
  const shape = `[${spec.shape.map((dimension) => dimension ?? '?').join(',')}]`
  const layout = spec.layout === undefined ? '' : ` ${spec.layout}`
  if (spec.encoding === undefined) return `${spec.dtype} ${shape}${layout}`
  const inner = spec.encoding.tensor === undefined ? '' : `(${formatSpec(spec.encoding.tensor)})`
  return `${spec.dtype} ${shape}${layout} of ${spec.encoding.codec}${inner}`
}
