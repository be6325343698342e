import { BugError } from '../../errors/bugError.ts'
import type { TensorLayout } from '../../tensor/tensorSpec.ts'
import { contextsOf, planeLayoutOf } from '../neighbourhood.ts'
import { encodeShape } from '../shapeHeader.ts'
import { payloadMark, probabilityBits, type RansTables, stateLowerBound } from './ransTables.ts'

const stateBytes = 8
/** A frequency of 1 costs 14 bits: two bytes per symbol are always enough. */
const maxBytesPerSymbol = 2

/**
 * Symbols of a tensor of `shape` to a payload (docs/codecs.md): header, two states, renormalisation bytes. Symbols with
 * even and odd index have a state each. Symbols must be < tables.levels and as many as `shape` says.
 */
export function encodeRans(
  symbols: Uint8Array,
  shape: readonly number[],
  tables: RansTables,
  tensorLayout?: TensorLayout,
): Uint8Array {
  const count = symbols.length
  if (shape.reduce((product, dimension) => product * dimension, 1) !== count) {
    throw new BugError(`${count} symbols do not fill a tensor of shape [${shape.join(',')}]`)
  }
  const { ranges, contextOfPair, zeroLevel } = tables
  const contexts = contextsOf(symbols, planeLayoutOf(shape, tensorLayout), zeroLevel, contextOfPair)
  const header = [payloadMark, ...encodeShape(shape)]
  const bytes = new Uint8Array(header.length + stateBytes + count * maxBytesPerSymbol)
  let position = bytes.length

  // Last symbol first, bytes from the end backwards: the decoder then reads both forwards (rule C8).
  let state = stateLowerBound
  let other = stateLowerBound
  for (let index = count - 1; index >= 0; index--) {
    const range = ranges[((contexts[index] ?? 0) << 8) | (symbols[index] ?? 0)] ?? 0
    const frequency = range >> 16
    if (frequency === 0) throw new BugError(`Symbol ${symbols[index]} at ${index} is not below ${tables.levels}`)
    // freq * 2^17 <= 16383 * 2^17 < 2^31: the largest state from which coding stays below 2^31.
    const limit = frequency << 17
    if (state >= limit) {
      bytes[--position] = state
      state >>= 8
      if (state >= limit) {
        bytes[--position] = state
        state >>= 8
      }
    }
    const quotient = (state / frequency) | 0
    const next = (quotient << probabilityBits) + (state - Math.imul(quotient, frequency)) + (range & 0xffff)
    state = other
    other = next
  }

  // After the last swap `other` is the state of even indices.
  position = writeState(bytes, position, state)
  position = writeState(bytes, position, other)
  position -= header.length
  bytes.set(header, position)
  return bytes.slice(position)
}

function writeState(bytes: Uint8Array, end: number, state: number): number {
  for (let byte = 0; byte < 4; byte++) bytes[end - 4 + byte] = state >>> (8 * byte)
  return end - 4
}
