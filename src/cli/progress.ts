/** One line on a terminal that is overwritten while something takes long; in a pipe, a plain line every few seconds. */
export interface Progress {
  /** What is being done now. Shown when it is due, also if nothing else is said until then. */
  show(text: string): void
  /** Removes the line and what was to be shown, before anything else is printed and at the end. */
  clear(): void
}

const showAfterMs = 1000
const terminalEveryMs = 100
const pipeEveryMs = 5000

/** Says nothing during the first second: what is quick needs no progress. */
export function createProgress(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>): Progress {
  const everyMs = stream.isTTY ? terminalEveryMs : pipeEveryMs
  let nextAt = performance.now() + showAfterMs
  let latest = ''
  let due: NodeJS.Timeout | undefined
  let visible = false

  function write(): void {
    clearTimeout(due)
    due = undefined
    nextAt = performance.now() + everyMs
    if (!stream.isTTY) {
      stream.write(`${latest}\n`)
      return
    }
    const width = Math.max(20, (stream.columns ?? 80) - 1)
    stream.write(`\r\u001b[2K${latest.slice(0, width)}`)
    visible = true
  }

  return {
    show(text) {
      latest = text
      const waitMs = nextAt - performance.now()
      if (waitMs <= 0) write()
      // The process does not stay alive for the sake of its progress.
      else due ??= setTimeout(write, waitMs).unref()
    },
    clear() {
      clearTimeout(due)
      due = undefined
      if (visible) stream.write('\r\u001b[2K')
      visible = false
    },
  }
}
