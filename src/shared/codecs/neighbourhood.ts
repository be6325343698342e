import type { TensorLayout } from '../tensor/tensorSpec.ts'

/**
 * How a row-major tensor is seen as a pile of pictures of `rows` rows of `rowLength` elements. The left
 * neighbour of an element is `depth` elements before it (channels last: depth = channels), the upper one `rowLength`.
 */
export interface PlaneLayout {
  readonly rows: number
  readonly rowLength: number
  readonly depth: number
}

/**
 * Rows and columns of a shape (rule C4): the last two axes, or those before the channels where the layout says that
 * channels come last. Fewer than two axes make one row.
 */
export function planeLayoutOf(shape: readonly number[], layout?: TensorLayout): PlaneLayout {
  const channelsLast = (layout === 'HWC' || layout === 'NHWC') && shape.length >= 3
  const depth = channelsLast ? (shape.at(-1) ?? 1) : 1
  const axes = channelsLast ? shape.slice(0, -1) : shape
  const columns = axes.at(-1) ?? 1
  const rows = axes.at(-2) ?? 1
  return { rows, rowLength: columns * depth, depth }
}

/**
 * The context of each symbol (rule C5): `contextOfPair[left << 8 | up]`. A neighbour that would lie outside the plane
 * is replaced by the other one, and by `zeroLevel` where there is neither.
 */
export function contextsOf(
  symbols: Uint8Array,
  layout: PlaneLayout,
  zeroLevel: number,
  contextOfPair: Uint8Array,
): Uint8Array {
  const { rows, rowLength, depth } = layout
  const count = symbols.length
  const contexts = new Uint8Array(count)
  const zeroPair = (zeroLevel << 8) | zeroLevel
  for (let index = 0, row = 0; index < count; row++) {
    const isTop = row % rows === 0
    // In a top row the left neighbour stands for the upper one as well, in a first column the upper for the left.
    const upperDistance = isTop ? depth : rowLength
    for (let column = 0; column < rowLength; column++, index++) {
      let pair = zeroPair
      if (column >= depth) pair = ((symbols[index - depth] ?? 0) << 8) | (symbols[index - upperDistance] ?? 0)
      else if (!isTop) pair = (symbols[index - rowLength] ?? 0) * 0x101
      contexts[index] = contextOfPair[pair] ?? 0
    }
  }
  return contexts
}
