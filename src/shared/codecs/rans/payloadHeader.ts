import { AppError } from '../../errors/appError.ts'

/** First byte of a payload: 'C' codec, layout version 1. */
const payloadVersion = 0xc1
const maxRank = 8

/** Rule C6: the version byte, the rank, then each dimension as an unsigned LEB128 number. */
export function encodePayloadHeader(shape: readonly number[]): Uint8Array {
  const bytes = [payloadVersion, shape.length]
  for (const dimension of shape) {
    let rest = dimension
    while (rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

export interface PayloadHeader {
  readonly shape: readonly number[]
  readonly elements: number
  readonly headerBytes: number
}

/** Reads and checks a header; at most `maxElements` are announced. Fails with `codec.payload-invalid`. */
export function decodePayloadHeader(payload: Uint8Array, maxElements: number): PayloadHeader {
  if (payload[0] !== payloadVersion) {
    throw invalidPayload(`its first byte must be ${payloadVersion}, found ${payload[0] ?? 'nothing'}`)
  }
  const rank = payload[1]
  if (rank === undefined || rank > maxRank)
    throw invalidPayload(`its rank must be 0-${maxRank}, found ${rank ?? 'nothing'}`)
  const shape: number[] = []
  let elements = 1
  let offset = 2
  for (let axis = 0; axis < rank; axis++) {
    let dimension = 0
    for (let shift = 0; ; shift += 7) {
      const byte = payload[offset++]
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
  return { shape, elements, headerBytes: offset }
}

export function invalidPayload(what: string): AppError {
  return new AppError('codec.payload-invalid', `A compressed tensor cannot be decoded: ${what}.`)
}
