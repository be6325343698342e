import type { DataPort } from '../../../src/node/frame-sockets/dataPort.ts'
import { dialDataSocket } from '../../../src/node/frame-sockets/dialDataSocket.ts'
import { AppError } from '../../../src/shared/errors/appError.ts'
import type { FrameSocket } from '../../../src/shared/wire/frameSocket.ts'
import { createMemoryFrameSockets } from '../../../src/shared/wire/memoryFrameSocket.ts'
import type { DataPower } from '../../session/devicePower.ts'

/**
 * Data connections over the device's ports: TCP on the data port, WebSocket on the port of the control server.
 * `webSocketPort` is 0 for a device that only its own process reaches (openMemorySocket).
 */
export function createDataPower(port: DataPort, webSocketPort: () => number, maxFrameBytes: number): DataPower {
  return {
    async listen(transport, onSocket) {
      const endpointPort = transport === 'tcp' ? (await port.tcpEndpoint()).port : webSocketPort()
      const token = port.issueToken(onSocket)
      return { endpoint: { port: endpointPort, token }, cancel: () => port.revokeToken(token) }
    },
    dial: ({ transport, host, port: to, token }, signal) =>
      dialDataSocket({ transport, host, port: to, token, signal, maxFrameBytes }),
  }
}

/** Data connections inside one process, by token; TCP and dialling go over the real ports. */
export function createMemoryDataPower(outside: DataPower): DataPower & { open(token: string): FrameSocket } {
  const waiting = new Map<string, (socket: FrameSocket) => void>()
  return {
    dial: (connection, signal) => outside.dial(connection, signal),
    async listen(transport, onSocket) {
      if (transport === 'tcp') return await outside.listen(transport, onSocket)
      const token = crypto.randomUUID()
      waiting.set(token, onSocket)
      return { endpoint: { port: 0, token }, cancel: () => void waiting.delete(token) }
    },
    open(token) {
      const onSocket = waiting.get(token)
      if (onSocket === undefined) {
        throw new AppError(
          'wire.token-invalid',
          'A data connection presented a token that is wrong or was used before.',
        )
      }
      waiting.delete(token)
      const [client, device] = createMemoryFrameSockets()
      onSocket(device)
      return client
    },
  }
}
