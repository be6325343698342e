import type { Tensor } from '../../../src/shared/tensor/tensor.ts'
import type { Frame } from '../../../src/shared/wire/frame.ts'
import { joinOrigins } from '../origins.ts'
import { closeAll, type Join, type JoinInput } from './join.ts'

/**
 * Each frame of the first input with the newest of the others, which are taken from their wires as they come and so
 * never hold anybody up. A frame of the first is skipped until each of the others has had one. Ends with the first
 * input, or when one of the others ended without ever bringing a frame.
 */
export function createLatest(first: JoinInput, others: readonly JoinInput[]): Join {
  const newest: (Frame | undefined)[] = others.map(() => undefined)
  let neverComplete = false

  function takeNewest(): boolean {
    let complete = true
    for (const [i, { wire }] of others.entries()) {
      while (wire.queued > 0) newest[i] = wire.take()
      if (newest[i] !== undefined) continue
      complete = false
      if (wire.exhausted) neverComplete = true
    }
    return complete
  }

  return {
    poll() {
      const complete = takeNewest()
      if (neverComplete || first.wire.exhausted) return 'ended'
      if (first.wire.queued === 0) return 'waiting'
      if (complete) return 'ready'
      while (first.wire.queued > 0) first.wire.take()
      return first.wire.exhausted ? 'ended' : 'waiting'
    },
    take() {
      const arrivedAtNs = first.wire.headArrivedAtNs()
      const frame = first.wire.take()
      const inputs: Record<string, Tensor> = { [first.port]: frame.tensor }
      let origin = frame.origin
      for (const [i, { port }] of others.entries()) {
        const other = newest[i]
        if (other === undefined) continue
        inputs[port] = other.tensor
        origin = joinOrigins(origin, other.origin)
      }
      return { seq: frame.seq, origin, inputs, arrivedAtNs }
    },
    get bound() {
      return first.wire.lowestNext()
    },
    close: () => closeAll([first, ...others]),
  }
}
