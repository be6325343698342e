import { BugError } from '../../../../src/shared/errors/bugError.ts'

/** A job and how its caller learns the outcome. */
interface Waiting {
  readonly run: () => Promise<void>
}

/**
 * Runs jobs one at a time and takes turns between those who ask: whoever floods the queue waits behind his own jobs
 * and delays each other by at most one job. Jobs of one owner keep their order.
 */
export class FairQueue<Owner> {
  /** Owners with waiting jobs, in the order of their next turn. */
  readonly #lines = new Map<Owner, Waiting[]>()
  #busy = false

  /** Runs `job` when it is its turn. */
  enqueue<T>(owner: Owner, job: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = { run: () => job().then(resolve, reject) }
      const line = this.#lines.get(owner)
      if (line === undefined) this.#lines.set(owner, [waiting])
      else line.push(waiting)
      if (!this.#busy) void this.#runNext()
    })
  }

  async #runNext(): Promise<void> {
    this.#busy = true
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) await next.run()
    this.#busy = false
  }

  #takeNext(): Waiting | undefined {
    const first = this.#lines.entries().next()
    if (first.done === true) return undefined
    const [owner, line] = first.value
    const waiting = line.shift()
    if (waiting === undefined) throw new BugError('An owner without jobs stands in the queue')
    this.#lines.delete(owner)
    if (line.length > 0) this.#lines.set(owner, line) // back to the end of the circle
    return waiting
  }
}
