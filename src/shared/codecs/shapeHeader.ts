import { AppError } from '../errors/appError.ts'

const maxRank = 8

/** Rule C6: the rank, then each dimension as an unsigned LEB128 number (below 2^28, no longer than needed). */
export function encodeShape(shape: readonly number[]): number[] {
  const bytes = [shape.length]
  for (const dimension of shape) {
    let rest = dimension
    while (rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    bytes.push(rest)
  }
  return bytes
}

export interface DecodedShape {
  readonly shape: readonly number[]
  readonly elements: number
  /** Offset behind the last dimension. */
  readonly end: number
}

/** Reads a shape at `offset`; at most `maxElements` may be announced. Fails with `codec.payload-invalid`. */
export function decodeShape(payload: Uint8Array, offset: number, maxElements: number): DecodedShape {
  const rank = payload[offset]
  if (rank === undefined || rank > maxRank) {
    throw invalidPayload(`its rank must be 0-${maxRank}, found ${rank ?? 'nothing'}`)
  }
  const shape: number[] = []
  let elements = 1
  let end = offset + 1
  for (let axis = 0; axis < rank; axis++) {
    let dimension = 0
    for (let shift = 0; ; shift += 7) {
      const byte = payload[end++]
      if (byte === undefined || shift > 21) throw invalidPayload(`dimension ${axis} is cut off or above 2^28`)
      dimension |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw invalidPayload(`dimension ${axis} is written longer than needed`)
        break
      }
    }
    shape.push(dimension)
    elements *= dimension
    // Checked at every axis, so that a later 0 cannot hide a product beyond what doubles count exactly.
    if (elements > maxElements) throw invalidPayload(`it announces more than ${maxElements} elements`)
  }
  return { shape, elements, end }
}

/** `codec.payload-invalid`; `what` goes on after "cannot be decoded:". */
export function invalidPayload(what: string): AppError {
  return new AppError('codec.payload-invalid', `A compressed tensor cannot be decoded: ${what}.`)
}
