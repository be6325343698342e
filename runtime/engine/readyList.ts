/** Something that may have work to do. `run` does all that can be done now and returns. */
export interface Wakeable {
  /** Set by the ready list: it will run soon. */
  scheduled: boolean
  run(): void
}

/**
 * Who is to run next, in order of waking. Work that wakes more work only adds to the list, so neither a long chain of
 * nodes nor a link that answers at once makes the stack deeper.
 */
export class ReadyList {
  readonly #waiting: Wakeable[] = []
  #running = false
  readonly #onError: (error: unknown) => void
  readonly #onIdle: () => void

  /**
   * `onError` gets what a task throws: a bug, since tasks report failures of nodes themselves. `onIdle` is called
   * whenever nothing more can be done until something comes from outside.
   */
  constructor(onError: (error: unknown) => void, onIdle: () => void) {
    this.#onError = onError
    this.#onIdle = onIdle
  }

  /** Runs it soon: at once unless something is running already, in which case after that. */
  wake(task: Wakeable): void {
    if (task.scheduled) return
    task.scheduled = true
    this.#waiting.push(task)
    if (!this.#running) this.#drain()
  }

  /**
   * Makes a change that comes from outside, such as the answer of a source: whom it wakes runs when it is complete,
   * never in its middle.
   */
  enter(change: () => void): void {
    if (this.#running) {
      change()
      return
    }
    this.#running = true
    try {
      change()
    } catch (error) {
      this.#onError(error)
    }
    this.#drain()
  }

  #drain(): void {
    this.#running = true
    const waiting = this.#waiting
    for (let i = 0; i < waiting.length; i++) {
      const task = waiting[i]
      if (task === undefined) continue
      task.scheduled = false
      try {
        task.run()
      } catch (error) {
        this.#onError(error)
      }
      if (i === maxHistory) {
        waiting.splice(0, i + 1)
        i = -1
      }
    }
    waiting.length = 0
    this.#running = false
    this.#onIdle()
  }
}

/** Tasks that have run before the list forgets them: keeps it short in a run that never pauses. */
const maxHistory = 1023
