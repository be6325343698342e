import { AppError } from '../../src/shared/errors/appError.ts'
import { BugError } from '../../src/shared/errors/bugError.ts'
import type { LinkConnection, LinkEndpoint } from '../../src/shared/wire/controlMessage.ts'
import type { DeviceProgram, ProgramLink } from '../../src/shared/wire/deviceProgram.ts'
import type { FrameSocket } from '../../src/shared/wire/frameSocket.ts'
import type { LinkProvider } from '../../src/shared/wire/link.ts'
import { createLinkReceiver } from '../../src/shared/wire/linkReceiver.ts'
import { createLinkSender } from '../../src/shared/wire/linkSender.ts'
import type { DevicePower } from './devicePower.ts'

/** Peers that were told where to dial and have not done so when this is over are given up. */
const connectTimeoutMs = 5000

export interface SessionLinks extends LinkProvider {
  readonly endpoints: Readonly<Record<string, LinkEndpoint>>
  /** Resolves when every link has its socket. Fails with `device.disconnected`, naming who did not come. */
  whenConnected(signal: AbortSignal): Promise<void>
  /** Takes back the tokens and closes the sockets; what was sent still leaves. */
  close(): void
}

/**
 * The data connections of one session. Listeners wait from now on; the others are dialled before this resolves.
 * Fails with `device.unreachable`, `wire.token-invalid` or `device.port-in-use`, and has then let everything go.
 */
export async function connectLinks(
  program: DeviceProgram,
  connections: Readonly<Record<string, LinkConnection>>,
  epoch: number,
  { data, clock, capabilities }: Pick<DevicePower, 'data' | 'clock' | 'capabilities'>,
  signal: AbortSignal,
): Promise<SessionLinks> {
  const sockets = new Map<string, FrameSocket>()
  const endpoints: Record<string, LinkEndpoint> = {}
  const cancels: (() => void)[] = []
  const opened = new Set<string>()
  let closed = false
  let onSocketAdded: () => void = () => undefined

  function add(link: string, socket: FrameSocket): void {
    if (closed) {
      socket.destroy()
      return
    }
    sockets.set(link, socket)
    onSocketAdded()
  }

  function close(): void {
    closed = true
    for (const cancel of cancels) cancel()
    for (const [link, socket] of sockets) {
      // Who has opened a link closes it; a socket that nobody ever listened to would wait for its peer.
      if (opened.has(link)) socket.close()
      else socket.destroy()
    }
  }

  async function connect(link: string, connection: LinkConnection): Promise<void> {
    if (connection.role === 'dial') {
      add(link, await data.dial(connection, signal))
      return
    }
    const { endpoint, cancel } = await data.listen(connection.transport, (socket) => add(link, socket))
    endpoints[link] = endpoint
    cancels.push(cancel)
  }
  // All of them, not only until the first failure: what connects late must be closed as well.
  const attempts = Object.entries(connections).map(([link, connection]) => connect(link, connection))
  const refused = (await Promise.allSettled(attempts)).find((attempt) => attempt.status === 'rejected')
  if (refused !== undefined) {
    close()
    throw refused.reason
  }

  function missingLinks(): [string, ProgramLink][] {
    return Object.entries(program.links).filter(([link]) => !sockets.has(link))
  }

  function take(link: string): { socket: FrameSocket; facts: ProgramLink } {
    const socket = sockets.get(link)
    const facts = program.links[link]
    if (socket === undefined || facts === undefined) throw new BugError(`Link ${link} is opened but not connected`)
    opened.add(link)
    return { socket, facts }
  }

  function optionsOf(linkId: string, { peer, spec, linkIndex }: ProgramLink) {
    const { maxFrameBytes } = capabilities
    return {
      linkId,
      peer,
      epoch,
      clock,
      maxFrameBytes,
      ...(spec && { spec }),
      ...(linkIndex !== undefined && { linkIndex }),
    }
  }

  return {
    endpoints,
    close,
    whenConnected: (until) =>
      new Promise((resolve, reject) => {
        const finish = (error?: AppError) => {
          cancelTimer()
          until.removeEventListener('abort', onAbort)
          onSocketAdded = () => undefined
          if (error === undefined) resolve()
          else reject(error)
        }
        const onAbort = () => finish(new AppError('engine.stopped', 'The session ended before its links were there.'))
        const cancelTimer = clock.schedule(connectTimeoutMs, () => {
          const missing = missingLinks().map(([link, { peer }]) => `${link} (from ${peer})`)
          const message = `Nobody connected to ${missing.join(', ')} within ${connectTimeoutMs / 1000} s. Check that this device's data port can be reached from there.`
          finish(new AppError('device.disconnected', message))
        })
        until.addEventListener('abort', onAbort, { once: true })
        onSocketAdded = () => {
          if (missingLinks().length === 0) finish()
        }
        onSocketAdded()
      }),
    openSender(linkId, listener) {
      const { socket, facts } = take(linkId)
      return createLinkSender(socket, optionsOf(linkId, facts), listener)
    },
    openReceiver(linkId, listener) {
      const { socket, facts } = take(linkId)
      return createLinkReceiver(socket, optionsOf(linkId, facts), listener)
    },
  }
}
