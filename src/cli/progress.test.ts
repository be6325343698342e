import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createProgress } from './progress.ts'

/** A terminal or a pipe that keeps what is written to it. */
function createStream(isTTY: boolean) {
  const written: string[] = []
  return {
    written,
    stream: { isTTY, columns: 30, write: (text: string | Uint8Array) => written.push(String(text)) > 0 },
  }
}

const erase = '\r\u001b[2K'

describe('createProgress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('says nothing about what is over within a second', () => {
    const { stream, written } = createStream(true)
    const progress = createProgress(stream)
    progress.show('Sending')
    vi.advanceTimersByTime(900)
    progress.clear()
    vi.advanceTimersByTime(10_000)
    expect(written).toEqual([])
  })

  it('shows after a second what was last said before, although nothing more is said', () => {
    const { stream, written } = createStream(true)
    const progress = createProgress(stream)
    progress.show('Sending')
    progress.show('Preparing')
    vi.advanceTimersByTime(1000)
    progress.clear()
    expect(written).toEqual([`${erase}Preparing`, erase])
  })

  it('overwrites its line ten times a second at most, and keeps to the width of the terminal', () => {
    const { stream, written } = createStream(true)
    const progress = createProgress(stream)
    vi.advanceTimersByTime(1000)
    for (let step = 0; step < 100; step++) {
      progress.show(`step ${step} of something with a long name`)
      vi.advanceTimersByTime(10)
    }
    expect(written.length).toBeLessThanOrEqual(11)
    expect(written[0]).toBe(`${erase}step 0 of something with a lo`)
  })

  it('writes plain lines into a pipe, one in five seconds', () => {
    const { stream, written } = createStream(false)
    const progress = createProgress(stream)
    for (let second = 0; second < 12; second++) {
      progress.show(`second ${second}`)
      vi.advanceTimersByTime(1000)
    }
    progress.clear()
    expect(written).toEqual(['second 0\n', 'second 5\n', 'second 10\n'])
  })
})
