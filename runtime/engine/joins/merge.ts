import { BugError } from '../../../src/shared/errors/bugError.ts'
import { closeAll, type Join, type JoinInput } from './join.ts'

/** Frames of all inputs in the order in which they came, one at a time, numbered afresh. Ends when all have ended. */
export function createMerge(inputs: readonly JoinInput[]): Join {
  let seq = 0

  function earliest(): JoinInput | undefined {
    let found: JoinInput | undefined
    let lowest = Number.POSITIVE_INFINITY
    for (const input of inputs) {
      const order = input.wire.headOrder()
      if (order >= lowest) continue
      lowest = order
      found = input
    }
    return found
  }

  return {
    poll() {
      if (inputs.some(({ wire }) => wire.queued > 0)) return 'ready'
      return inputs.every(({ wire }) => wire.ended) ? 'ended' : 'waiting'
    },
    take() {
      const input = earliest()
      if (input === undefined) throw new BugError('A merge was asked for a frame when none waits.')
      const arrivedAtNs = input.wire.headArrivedAtNs()
      const { origin, tensor } = input.wire.take()
      return { seq: seq++, origin, inputs: { [input.port]: tensor }, arrivedAtNs }
    },
    get bound() {
      return seq
    },
    close: () => closeAll(inputs),
  }
}
