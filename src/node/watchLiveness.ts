import type { Socket } from 'node:net'
import type WebSocket from 'ws'

/** Also how often silence is looked at: a user learns of it within 2 s. */
const pingEveryMs = 250
/** Silence after which a peer counts as dead. */
const deadAfterMs = 1500
/** A peer that takes this much less than we send does not read, whatever else it does. */
const maxUnreadBytes = 16 * 1024 * 1024

/**
 * Pings the peer of a WebSocket and reports it dead when not a byte has come from it for 1.5 s, or when it leaves what
 * we send unread. Bytes count, not messages: on a slow link one message may take longer than that. Time in which this
 * process itself did not run (a long computation, a suspended laptop) or did not read is not counted against the peer.
 * `stream` is the connection under `socket`. Returns the function that stops watching.
 */
export function watchLiveness(socket: WebSocket, stream: Socket, onDead: (error: Error) => void): () => void {
  let silentMs = 0
  let bytesRead = stream.bytesRead
  let checkedAt = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    silentMs += Math.min(now - checkedAt, pingEveryMs)
    checkedAt = now
    if (stream.bytesRead !== bytesRead || socket.isPaused) silentMs = 0
    bytesRead = stream.bytesRead
    if (silentMs >= deadAfterMs) dead(`no sign of life for ${deadAfterMs / 1000} s`)
    else if (socket.bufferedAmount > maxUnreadBytes) dead('it does not read what it is sent')
    else if (socket.readyState === socket.OPEN) socket.ping()
  }, pingEveryMs)
  timer.unref()
  const stop = () => clearInterval(timer)

  function dead(why: string): void {
    stop()
    onDead(new Error(why))
  }
  return stop
}
