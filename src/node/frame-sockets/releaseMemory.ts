/**
 * Gives the memory of a chunk that a socket has read, and that has been copied, back at once. Left to the garbage
 * collector, which counts only how much there is, the chunks of a fast stream cause full collections that take a third
 * of the throughput. Nobody may read the chunk, or write it to another socket, afterwards.
 */
export function releaseMemory(chunk: Buffer): void {
  // Node has it from version 21 on; the language's library that we compile against does not know it yet.
  const buffer: ArrayBufferLike & { transfer?: (bytes: number) => unknown } = chunk.buffer
  if (buffer.byteLength === chunk.byteLength) buffer.transfer?.(0)
}
