import type { Tensor } from '../../../src/shared/tensor/tensor.ts'
import { joinOrigins } from '../origins.ts'
import { closeAll, type Join, type JoinInput } from './join.ts'

/**
 * One frame of the same number from each input. A number that one input lacks is thrown away on the others as soon as
 * that is known, so nobody waits for what was skipped or dropped. Ends with the first input that ends, because nothing
 * can be complete after that; then the others are closed.
 */
export function createZip(inputs: readonly JoinInput[]): Join {
  const [only] = inputs
  if (only !== undefined && inputs.length === 1) return createSingleInput(only)
  let bound = inputs.length === 0 ? Number.POSITIVE_INFINITY : 0

  /** Raises the bound to the highest of what the inputs can bring next, until all agree. */
  function settle(): void {
    for (let before = -1; before !== bound; ) {
      before = bound
      for (const { wire } of inputs) {
        // Frames below the bound may also come after it was raised: the other input was ahead.
        for (let head = wire.head(); head !== undefined && head.seq < bound; head = wire.head()) wire.take()
        bound = Math.max(bound, wire.lowestNext())
      }
    }
  }

  return {
    poll() {
      settle()
      if (bound === Number.POSITIVE_INFINITY) return 'ended'
      return inputs.every(({ wire }) => wire.queued > 0) ? 'ready' : 'waiting'
    },
    take() {
      const tensors: Record<string, Tensor> = {}
      let arrivedAtNs = Number.POSITIVE_INFINITY
      let origin: ReturnType<typeof joinOrigins> | undefined
      for (const { port, wire } of inputs) {
        arrivedAtNs = Math.min(arrivedAtNs, wire.headArrivedAtNs())
        const frame = wire.take()
        tensors[port] = frame.tensor
        origin = origin === undefined ? frame.origin : joinOrigins(origin, frame.origin)
      }
      // poll was 'ready': there is at least one input, hence an origin.
      return { seq: bound, origin: origin as NonNullable<typeof origin>, inputs: tensors, arrivedAtNs }
    },
    get bound() {
      return bound
    },
    close: () => closeAll(inputs),
  }
}

/** The common case, without the search for a common number. */
function createSingleInput({ port, wire }: JoinInput): Join {
  return {
    poll: () => (wire.queued > 0 ? 'ready' : wire.ended ? 'ended' : 'waiting'),
    take() {
      const arrivedAtNs = wire.headArrivedAtNs()
      const { seq, origin, tensor } = wire.take()
      return { seq, origin, inputs: { [port]: tensor }, arrivedAtNs }
    },
    get bound() {
      return wire.lowestNext()
    },
    close: () => wire.close(),
  }
}
