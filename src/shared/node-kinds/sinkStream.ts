import type { NodeOutputs } from './nodeKind.ts'

/** The stream form of a sink: `consume` takes all frames, nothing comes out, and the stream ends when it is done. */
export function sinkStream(consume: () => Promise<void>): AsyncIterable<NodeOutputs> {
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await consume()
        return { done: true, value: undefined }
      },
    }),
  }
}
