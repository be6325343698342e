import { createHash } from 'node:crypto'

/** SHA-256 of bytes or of the UTF-8 of a text, as lower-case hex: the name of every blob. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}
