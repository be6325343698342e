/**
 * Connections that have not shown yet what they want, at most `seats` of them. With one more the oldest is expelled: who
 * has something to say says it at once, so idle connections, however many, keep nobody out.
 */
export interface WaitingRoom {
  /** Returns the function that leaves the room; who is expelled has left. */
  enter(expel: () => void): () => void
  expelAll(): void
}

export function createWaitingRoom(seats: number): WaitingRoom {
  const waiting = new Set<{ readonly expel: () => void }>()
  return {
    enter(expel) {
      const [oldest] = waiting
      if (oldest !== undefined && waiting.size >= seats) {
        waiting.delete(oldest)
        oldest.expel()
      }
      const entry = { expel }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    expelAll() {
      for (const { expel } of waiting) expel()
      waiting.clear()
    },
  }
}
