import type { Shape, TensorLayout } from '../../tensor/tensorSpec.ts'
import { planeLayoutOf } from '../neighbourhood.ts'
import { decodeShape, invalidPayload } from '../shapeHeader.ts'
import { payloadMark, probabilityBits, probabilityTotal, type RansTables, stateLowerBound } from './ransTables.ts'

export interface DecodedSymbols {
  readonly shape: readonly number[]
  readonly symbols: Uint8Array
}

export interface DecodeLimits {
  /** What the payload must hold; symbols and nulls match any dimension. */
  readonly expectedShape?: Shape
  /** Most elements that are allocated. */
  readonly maxElements: number
}

const slotMask = probabilityTotal - 1

/**
 * The inverse of encodeRans. Checks the shape before it allocates, never reads outside the payload, and demands that
 * both states end at 2^23 with all bytes used (rule C9), which damaged bytes and foreign tables do not. Fails with
 * `codec.payload-invalid`.
 */
export function decodeRans(
  payload: Uint8Array,
  tables: RansTables,
  limits: DecodeLimits,
  tensorLayout?: TensorLayout,
): DecodedSymbols {
  if (payload[0] !== payloadMark) {
    throw invalidPayload(`its first byte must be ${payloadMark}, found ${payload[0] ?? 'nothing'}`)
  }
  const { shape, elements, end: statesAt } = decodeShape(payload, 1, limits.maxElements)
  checkShape(shape, limits.expectedShape)
  const end = payload.length
  let state = readState(payload, statesAt)
  let other = readState(payload, statesAt + 4)
  let position = statesAt + 8

  const { contextOfPair, ranges, symbolOfSlot, zeroLevel } = tables
  const { rows, rowLength, depth } = planeLayoutOf(shape, tensorLayout)
  const symbols = new Uint8Array(elements)
  // Two zero bytes behind the payload: looking ahead stays inside.
  const bytes = new Uint8Array(end + 2)
  bytes.set(payload)
  const zeroPair = (zeroLevel << 8) | zeroLevel
  for (let index = 0, row = 0; index < elements; row++) {
    const isTop = row % rows === 0
    const upperDistance = isTop ? depth : rowLength
    // The neighbours of contextsOf, walked again here because each context needs the symbols decoded just before.
    for (let column = 0; column < rowLength; column++, index++) {
      let pair = zeroPair
      if (column >= depth) pair = ((symbols[index - depth] ?? 0) << 8) | (symbols[index - upperDistance] ?? 0)
      else if (!isTop) pair = (symbols[index - rowLength] ?? 0) * 0x101
      const context = contextOfPair[pair] ?? 0
      const slot = state & slotMask
      const symbol = symbolOfSlot[(context << probabilityBits) | slot] ?? 0
      const range = ranges[(context << 8) | symbol] ?? 0
      symbols[index] = symbol
      const reduced = Math.imul(range >> 16, state >> probabilityBits) + slot - (range & 0xffff)
      // Without a branch, which would be guessed wrong every third time: a state below 2^23, 2^15 lacks one, two bytes.
      // At least 2^9 is left of it, so two are always enough.
      const lackingBits = (Math.clz32(reduced) - 1) & 24
      const ahead = ((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0)
      const next = (reduced << lackingBits) | (ahead >> (16 - lackingBits))
      position += lackingBits >> 3
      if (position > end) throw invalidPayload(`it ends before element ${index} of ${elements}`)
      state = other
      other = next
    }
  }
  if (position !== end || state !== stateLowerBound || other !== stateLowerBound) {
    throw invalidPayload('its bytes were damaged on the way or were made with another calibration')
  }
  return { shape, symbols }
}

function readState(payload: Uint8Array, offset: number): number {
  const [a, b, c, d] = payload.subarray(offset, offset + 4)
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw invalidPayload('it ends within its states')
  }
  const state = a | (b << 8) | (c << 16) | (d << 24)
  if (state < stateLowerBound) throw invalidPayload(`a state must be in [2^23, 2^31), found ${state >>> 0}`)
  return state
}

function checkShape(shape: readonly number[], expected: Shape | undefined): void {
  if (expected === undefined) return
  const fits =
    shape.length === expected.length &&
    expected.every((dimension, axis) => typeof dimension !== 'number' || dimension === shape[axis])
  if (!fits) {
    const wanted = expected.map((dimension) => dimension ?? '?').join(',')
    throw invalidPayload(`it holds a tensor of shape [${shape.join(',')}], expected [${wanted}]`)
  }
}
