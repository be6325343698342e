import type WebSocket from 'ws'

const pingEveryMs = 500
/** Silence after which a peer counts as dead: with one interval of delay a user learns within 2 s. */
const deadAfterMs = 1500

/**
 * Pings the peer of a WebSocket and reports it dead when nothing has come back for 1.5 s. Time in which this process
 * itself did not run (a long computation, a suspended laptop) is not counted against the peer.
 * Returns the function that stops watching.
 */
export function watchLiveness(socket: WebSocket, onDead: (error: Error) => void): () => void {
  let silentMs = 0
  let lastTickAt = performance.now()
  const alive = () => {
    silentMs = 0
  }
  const timer = setInterval(() => {
    const now = performance.now()
    silentMs += Math.min(now - lastTickAt, pingEveryMs)
    lastTickAt = now
    if (silentMs > deadAfterMs) {
      stop()
      onDead(new Error(`no sign of life for ${deadAfterMs / 1000} s`))
    } else if (socket.readyState === socket.OPEN) {
      socket.ping()
    }
  }, pingEveryMs)
  timer.unref()
  socket.on('pong', alive)
  socket.on('ping', alive)
  socket.on('message', alive)
  function stop(): void {
    clearInterval(timer)
    socket.off('pong', alive)
    socket.off('ping', alive)
    socket.off('message', alive)
  }
  return stop
}
