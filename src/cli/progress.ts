/** One line on a terminal that is overwritten while something takes long; in a pipe, a plain line every few seconds. */
export interface Progress {
  show(text: string): void
  /** Removes the line, before anything else is printed. */
  clear(): void
}

const showAfterMs = 1000
const terminalEveryMs = 100
const pipeEveryMs = 5000

/** Says nothing during the first second: what is quick needs no progress. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  const startedAt = performance.now()
  const everyMs = stream.isTTY ? terminalEveryMs : pipeEveryMs
  let shownAt = Number.NEGATIVE_INFINITY
  let visible = false
  return {
    show(text) {
      const now = performance.now()
      if (now - startedAt < showAfterMs || now - shownAt < everyMs) return
      shownAt = now
      if (!stream.isTTY) {
        stream.write(`${text}\n`)
        return
      }
      const width = Math.max(20, (stream.columns ?? 80) - 1)
      stream.write(`\r\u001b[2K${text.slice(0, width)}`)
      visible = true
    },
    clear() {
      if (visible) stream.write('\r\u001b[2K')
      visible = false
    },
  }
}
