/** Memory for one message: not from Node's shared pool, so that it can be transferred, and not cleared before it is filled. */
export function allocateMessage(bytes: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(bytes)
  return new Uint8Array(buffer)
}
