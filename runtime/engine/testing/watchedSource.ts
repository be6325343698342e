import { number, type TestNode } from './testGraph.ts'

/** A source that counts how often it was opened and has cleaned up, and ends when it is told to. */
export function watchedSource() {
  const seen = { open: 0, signalled: false }
  const node: TestNode = {
    async *produce({ clock, signal }) {
      seen.open++
      signal.addEventListener('abort', () => {
        seen.signalled = true
      })
      try {
        for (let i = 0; !signal.aborted; i++) {
          yield { outputs: { out: number(i) }, source: `picture ${i}` }
          await new Promise<void>((resolve) => {
            clock.schedule(10, resolve)
          })
        }
      } finally {
        seen.open--
      }
    },
  }
  return { seen, node }
}
