import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import { watchLiveness } from '../../src/node/watchLiveness.ts'
import type { DeviceControlSocket } from '../session/devicePower.ts'

/** Status of RFC 6455 for an ordinary end; 1005 is what arrives when the peer gave none. */
const ordinaryEnds = new Set([1000, 1001, 1005])
const maxReasonBytes = 123
/** After this much time a peer that does not answer our close is cut off. */
const closeTimeoutMs = 1000

/**
 * The device's end of a control connection over WebSocket on `stream`; a peer that falls silent, or does not read, is cut
 * off within 2 s.
 */
export function createWsControlSocket(socket: WebSocket, stream: Socket): DeviceControlSocket {
  let failure: Error | undefined
  const stopWatching = watchLiveness(socket, stream, (error) => {
    failure = error
    socket.terminate()
  })

  return {
    listen(listener) {
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) listener.onBinary(data)
        else listener.onText(data.toString('utf8'))
      })
      socket.on('error', (error) => {
        failure ??= error
      })
      socket.on('close', (code) => {
        stopWatching()
        listener.onClose(failure ?? (ordinaryEnds.has(code) ? undefined : new Error('the connection broke')))
      })
    },
    sendText: (text) => socket.send(text),
    sendBinary: (bytes) => socket.send(bytes),
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close(reason) {
      if (socket.readyState === socket.CLOSED) return
      socket.close(1000, reason === undefined ? undefined : Buffer.from(reason).subarray(0, maxReasonBytes))
      const timer = setTimeout(() => socket.terminate(), closeTimeoutMs)
      socket.once('close', () => clearTimeout(timer))
    },
    destroy: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  }
}
