import { BugError } from '../errors/bugError.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { Clip } from './quantizer.ts'

/** Channels side by side in a grid: a grey picture that any image codec takes. */
export interface FeatureTiles {
  /** uint8 [gridRows * H, gridColumns * W, 1]; cells behind the last channel are 0. */
  readonly image: Tensor<'uint8'>
  /** Value of pixel 0 and of pixel 255, as float32 numbers. */
  readonly range: { readonly min: number; readonly max: number }
}

interface TileGrid {
  readonly rows: number
  readonly columns: number
}

/** About as many columns as rows: ceil(sqrt(C)) columns, and the rows that C channels then need. */
function tileGridOf(channels: number): TileGrid {
  const columns = Math.ceil(Math.sqrt(channels))
  return { columns, rows: columns === 0 ? 0 : Math.ceil(channels / columns) }
}

/**
 * float32 [1, C, H, W] to 8-bit tiles: pixel = floor((value - min) * 255 / (max - min) + 0.5). The range is that of the
 * finite values of this frame unless `clip` gives one; what lies outside is clamped, NaN is drawn as min.
 */
export function tileFeatures(features: Tensor<'float32'>, clip?: Clip): FeatureTiles {
  const [channels, height, width] = featureShapeOf(features.shape)
  const { min, max } = roundToFloat32(clip ?? rangeOf(features.data))
  const scale = max > min ? 255 / (max - min) : 0
  const grid = tileGridOf(channels)
  const rowLength = grid.columns * width
  const pixels = new Uint8Array(grid.rows * height * rowLength)
  forEachRow(channels, height, width, grid, (from, to) => {
    for (let column = 0; column < width; column++) {
      const pixel = Math.floor(((features.data[from + column] ?? 0) - min) * scale + 0.5)
      pixels[to + column] = pixel > 255 ? 255 : pixel > 0 ? pixel : 0
    }
  })
  return { image: createTensor('uint8', [grid.rows * height, rowLength, 1], pixels), range: { min, max } }
}

/**
 * Tiles back to float32 [1, C, H, W] of `shape`, or undefined where the picture has not the size of such a grid: what
 * came over a wire may not be what its header says.
 */
export function untileFeatures(
  { image, range }: FeatureTiles,
  shape: readonly number[],
): Tensor<'float32'> | undefined {
  const [channels, height, width] = featureShapeOf(shape)
  const grid = tileGridOf(channels)
  const [imageHeight, imageWidth, planes] = image.shape
  if (imageHeight !== grid.rows * height || imageWidth !== grid.columns * width || planes !== 1) return undefined
  const step = (range.max - range.min) / 255
  const values = new Float32Array(channels * height * width)
  forEachRow(channels, height, width, grid, (to, from) => {
    for (let column = 0; column < width; column++) {
      values[to + column] = range.min + (image.data[from + column] ?? 0) * step
    }
  })
  return createTensor('float32', shape, values)
}

/** Whether tiles can be made of a shape: [1, C, H, W]. */
export function isFeatureShape(shape: readonly unknown[]): boolean {
  return shape.length === 4 && shape[0] === 1
}

function featureShapeOf(shape: readonly number[]): readonly [channels: number, height: number, width: number] {
  const [, channels, height, width] = shape
  if (!isFeatureShape(shape) || channels === undefined || height === undefined || width === undefined) {
    throw new BugError(`Feature tiles are made of [1,C,H,W], found [${shape.join(',')}]`)
  }
  return [channels, height, width]
}

/** Calls `visit` with the offset of each row of each channel in the tensor and in the picture. */
function forEachRow(
  channels: number,
  height: number,
  width: number,
  grid: TileGrid,
  visit: (inTensor: number, inPicture: number) => void,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const top = Math.floor(channel / grid.columns) * height
    const left = (channel % grid.columns) * width
    for (let row = 0; row < height; row++) {
      visit((channel * height + row) * width, (top + row) * grid.columns * width + left)
    }
  }
}

function rangeOf(values: Float32Array): { readonly min: number; readonly max: number } {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min <= max ? { min, max } : { min: 0, max: 0 }
}

/** What a payload carries of a range: coder and decoder then use the same numbers. */
function roundToFloat32({ min, max }: { readonly min: number; readonly max: number }) {
  return { min: Math.fround(min), max: Math.fround(max) }
}
