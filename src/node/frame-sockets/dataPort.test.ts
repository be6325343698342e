import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { FakeClock } from '../../../runtime/adapters/node/testing/fakeClock.ts'
import type { AppError } from '../../shared/errors/appError.ts'
import { bytesTensor } from '../../shared/tensor/tensor.ts'
import { decodeFrame } from '../../shared/wire/decodeFrame.ts'
import type { LinkTransport } from '../../shared/wire/deviceProgram.ts'
import { encodeBare, encodeHello, encodeSchema, encodeTensor } from '../../shared/wire/encodeFrame.ts'
import type { Frame } from '../../shared/wire/frame.ts'
import { createFrameHeader } from '../../shared/wire/frameHeader.ts'
import type { FrameSocket } from '../../shared/wire/frameSocket.ts'
import { createLinkReceiver } from '../../shared/wire/linkReceiver.ts'
import { createLinkSender } from '../../shared/wire/linkSender.ts'
import { createDataPort, type DataPort } from './dataPort.ts'
import { dialDataSocket } from './dialDataSocket.ts'

const link = { linkId: 'uplink', peer: 'phone', epoch: 1 }
const transports: readonly LinkTransport[] = ['tcp', 'websocket']
const maxFrameBytes = 4 * 1024 * 1024

let clock: FakeClock
let dataPort: DataPort
let http: Server
let ports: Record<LinkTransport, number>
/** Ended after each test, whatever it left open. */
let opened: { destroy(): void }[]

beforeEach(async () => {
  clock = new FakeClock()
  opened = []
  dataPort = createDataPort({ clock, maxFrameBytes })
  http = createServer().on('upgrade', (request, stream, head) => dataPort.handleUpgrade(request, stream, head))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo // it listens on TCP
  ports = { tcp: (await dataPort.tcpEndpoint()).port, websocket: port }
})

afterEach(async () => {
  for (const socket of opened) socket.destroy()
  await dataPort.close()
  http.closeAllConnections()
  http.close()
})

function frame(seq: number, bytes: number): Frame {
  return {
    seq,
    origin: { capturedAtNs: 5, device: 0, trail: [] },
    tensor: bytesTensor(new Uint8Array(bytes).fill(seq)),
  }
}

async function dial(transport: LinkTransport, token: string, signal = new AbortController().signal) {
  const socket = await dialDataSocket({ transport, host: '127.0.0.1', port: ports[transport], token, signal })
  opened.push(socket)
  return socket
}

/** Both ends of one connection. */
async function connected(
  transport: LinkTransport,
): Promise<{ readonly ours: FrameSocket; readonly theirs: FrameSocket }> {
  const accepted = new Promise<FrameSocket>((resolve) => {
    const token = dataPort.issueToken(resolve)
    dial(transport, token).then((socket) => {
      theirs = socket
    }, fail)
  })
  let theirs: FrameSocket | undefined
  const ours = await accepted
  opened.push(ours)
  while (theirs === undefined) await new Promise((resolve) => setImmediate(resolve))
  return { ours, theirs }
}

function fail(error: Error): never {
  throw error
}

function neverOpened(): never {
  throw new Error('a connection was accepted')
}

const silent = { onFrame: () => undefined, onAdvance: () => undefined, onEnd: () => undefined }
/** What is still open when a test ends is cut off. */
const ignoreClosing = () => undefined

/** A welcomed connection on which the test writes what it likes. */
async function dialByHand(transport: LinkTransport, token: string): Promise<Socket> {
  const stream = connect({ host: '127.0.0.1', port: ports[transport] })
  stream.on('error', () => undefined) // cut off, which is what such tests are about
  opened.push(stream)
  const hello = Buffer.concat(encodeHello(token, 0))
  if (transport === 'tcp') {
    stream.write(hello)
    await once(stream, 'data')
  } else {
    const ws = new WebSocket(`ws://127.0.0.1:${ports.websocket}/data`, { createConnection: () => stream })
    ws.on('error', () => undefined)
    await once(ws, 'open')
    ws.send(hello)
    await once(ws, 'message')
  }
  return stream
}

/** A link whose receiving end takes nothing but what the test grants. */
async function openLink(transport: LinkTransport, windowBytes?: number) {
  const { ours, theirs } = await connected(transport)
  const received: Frame[] = []
  let onChange = (): void => undefined
  const failures: AppError[] = []
  let ended = false
  const receiver = createLinkReceiver(
    ours,
    { ...link, maxFrameBytes, ...(windowBytes !== undefined && { windowBytes }) },
    {
      onFrame(found) {
        received.push(found)
        onChange()
      },
      onAdvance: () => undefined,
      onEnd() {
        ended = true
        onChange()
      },
      onFailure(error) {
        failures.push(error)
        onChange()
      },
    },
  )
  const sender = createLinkSender(theirs, link, {
    onCredit: () => onChange(),
    onFailure(error) {
      failures.push(error)
      onChange()
    },
  })
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        onChange = resolve
      })
    }
  }
  return { ours, theirs, receiver, sender, received, failures, isEnded: () => ended, until }
}

describe.each(transports)('%s', (transport) => {
  test('[W17, W19] 2,000 frames of mixed sizes arrive in order and whole', async () => {
    const { receiver, sender, received, isEnded, until } = await openLink(transport)
    const sizeOf = (seq: number) => (seq % 50 === 0 ? 300_000 : seq % 700)
    receiver.grant(16)
    let granted = 16
    let seq = 0
    while (!isEnded()) {
      while (seq < 2000 && sender.canSend()) sender.send(frame(seq, sizeOf(seq++)))
      if (seq === 2000) {
        sender.end()
        seq++
      }
      const before = received.length
      await until(() => received.length > before || sender.canSend() || isEnded())
      receiver.grant(received.length + 16 - granted)
      granted = received.length + 16
    }
    const wrong = received.filter((found, index) => {
      const data = found.tensor.dtype === 'bytes' ? found.tensor.data : new Uint8Array()
      return found.seq !== index || data.length !== sizeOf(index) || !data.every((byte) => byte === index % 256)
    })
    expect({ count: received.length, wrong }).toEqual({ count: 2000, wrong: [] })
  })

  test('a received tensor is aligned memory of its own, so that it can be transferred', async () => {
    const { receiver, sender, received, until } = await openLink(transport)
    receiver.grant(2)
    await until(() => sender.canSend())
    sender.send(frame(0, 16))
    sender.send(frame(1, 500_000))
    await until(() => received.length === 2)
    const buffers = received.map(({ tensor }) => (tensor.dtype === 'bytes' ? tensor.data : new Uint8Array()))
    expect(buffers.map((data) => data.byteOffset % 8)).toEqual([0, 0])
    // Nothing but the message itself: 40 bytes of header, and 8 for the length, which is not that of the first.
    expect(buffers.map((data) => data.buffer.byteLength)).toEqual([56, 500_048])
  })

  test('[W18] a receiver that grants slowly stops the sender, and little waits', async () => {
    const windowBytes = 1_000_000
    const { theirs, receiver, sender, received, until } = await openLink(transport, windowBytes)
    receiver.grant(100)
    let seq = 0
    let mostBuffered = 0
    for (let taken = 0; taken < 20; taken++) {
      await until(() => sender.canSend())
      while (sender.canSend()) {
        sender.send(frame(seq++, 200_000))
        mostBuffered = Math.max(mostBuffered, theirs.bufferedBytes)
      }
      await until(() => received.length === seq)
      // At most the window and one frame are under way or untaken.
      expect((seq - taken) * 200_000).toBeLessThanOrEqual(windowBytes + 200_100)
      receiver.grant(1)
    }
    expect(mostBuffered).toBeLessThanOrEqual(windowBytes + 200_100)
  })

  test('[W22] a peer that is gone in the middle of a frame is reported, and the frame is not', async () => {
    const accepted: FrameSocket[] = []
    const stream = await dialByHand(
      transport,
      dataPort.issueToken((socket) => accepted.push(socket)),
    )
    const failure = new Promise<AppError>((resolve) => {
      for (const socket of accepted) {
        createLinkReceiver(socket, link, { ...silent, onFrame: neverOpened, onFailure: resolve }).grant(1)
      }
    })
    const header = createFrameHeader('tensor', { epoch: 1, payloadBytes: 2_000_000 })
    // Final binary frame, masked with a key of zero, of 2,000,040 bytes.
    const webSocketHeader = [0x82, 0xff, 0, 0, 0, 0, 0, 0x1e, 0x84, 0xa8, 0, 0, 0, 0]
    stream.write(Buffer.concat([Buffer.from(transport === 'tcp' ? [] : webSocketHeader), header, Buffer.alloc(1000)]))
    stream.end()
    expect((await failure).code).toBe('device.disconnected')
  })

  test('[W22] a peer that only closes its half means no more frames', async () => {
    const { failures, theirs, until } = await openLink(transport)
    theirs.close()
    await until(() => failures.length === 2)
    expect(failures.map(({ code }) => code)).toEqual(['device.disconnected', 'device.disconnected'])
  })

  test('[W13] a frame that announces too much is refused, and its sender is told', async () => {
    const { receiver, failures, theirs, until } = await openLink(transport)
    receiver.grant(1)
    theirs.send(encodeSchema(0, { dtype: 'bytes', shape: [null] }, 1))
    theirs.send([createFrameHeader('tensor', { epoch: 1, payloadBytes: maxFrameBytes + 1 })])
    await until(() => failures.length === 2)
    expect(failures.map(({ code }) => code)).toEqual(['wire.frame-too-large', 'wire.frame-too-large'])
  })

  test('[W12] bytes that are no frame are refused, and their sender is told', async () => {
    const { failures, theirs, until } = await openLink(transport)
    theirs.send([new TextEncoder().encode('GET / HTTP/1.1\r\nHost: somewhere.example\r\n\r\n')])
    await until(() => failures.length === 2)
    expect(failures.map(({ code }) => code)).toEqual(['wire.frame-invalid', 'wire.frame-invalid'])
  })

  test('[W11] refuses a wrong token', async () => {
    dataPort.issueToken(neverOpened)
    await expect(dial(transport, 'A'.repeat(43))).rejects.toMatchObject({ code: 'wire.token-invalid' })
  })

  test('[W11] refuses a token that was used', async () => {
    const token = dataPort.issueToken(() => undefined)
    await dial(transport, token)
    await expect(dial(transport, token)).rejects.toMatchObject({ code: 'wire.token-invalid' })
  })

  test('[W11] refuses a token after 60 s, and one that was revoked', async () => {
    const revoked = dataPort.issueToken(neverOpened)
    dataPort.revokeToken(revoked)
    await expect(dial(transport, revoked)).rejects.toMatchObject({ code: 'wire.token-invalid' })
    const expired = dataPort.issueToken(neverOpened)
    clock.advance(60_000)
    await expect(dial(transport, expired)).rejects.toMatchObject({ code: 'wire.token-invalid' })
  })

  test('says who does not answer when nobody listens', async () => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const { port } = free.address() as AddressInfo // it listens on TCP
    await new Promise((resolve) => free.close(resolve))
    const { signal } = new AbortController()
    const dialled = dialDataSocket({ transport, host: '127.0.0.1', port, token: 'x', signal })
    await expect(dialled).rejects.toMatchObject({ code: 'device.unreachable', details: { port, transport } })
  })

  test('dialling stops when it is cancelled', async () => {
    await expect(dial(transport, 'x', AbortSignal.abort())).rejects.toMatchObject({ code: 'run.cancelled' })
  })

  test('frames that come before somebody listens are kept', async () => {
    const { ours, theirs } = await connected(transport)
    theirs.send(encodeSchema(0, { dtype: 'bytes', shape: [null] }, 1))
    theirs.send(encodeBare('advance', 1, 3))
    await new Promise((resolve) => setImmediate(resolve))
    const bound = await new Promise<number>((resolve) => {
      createLinkReceiver(ours, link, { ...silent, onAdvance: resolve, onFailure: ignoreClosing })
    })
    expect(bound).toBe(3)
  })
})

describe('before a token is shown', () => {
  async function rawTcp(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: ports.tcp })
    opened.push(socket)
    await once(socket, 'connect')
    return socket
  }
  async function rawWebSocket(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${ports.websocket}/data`)
    opened.push({ destroy: () => socket.terminate() })
    await once(socket, 'open')
    return socket
  }
  function codeOf(message: Buffer): string {
    const decoded = decodeFrame(new Uint8Array(message), { maxFrameBytes, schemas: [] })
    if (!decoded.ok) return `undecodable: ${decoded.error.message}`
    return decoded.value.type === 'fail' ? decoded.value.error.code : decoded.value.type
  }

  test('[W10] a connection that says nothing for 5 s is closed', async () => {
    const [tcp, ws] = [await rawTcp(), await rawWebSocket()]
    const closed = Promise.all([once(tcp, 'close'), once(ws, 'close')])
    tcp.resume()
    // One timer for each connection that the port has noticed.
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5000)
    await closed
    expect(clock.pending).toBe(0)
  })

  test('[W10] a connection that sends half a hello and no more is closed after 5 s', async () => {
    const tcp = await rawTcp()
    tcp.write(Buffer.concat(encodeHello('A'.repeat(43), 0)).subarray(0, 60))
    while (clock.pending < 1) await new Promise((resolve) => setImmediate(resolve))
    // Cut off with bytes unread, so that it may look like a broken connection.
    const closed = new Promise((resolve) =>
      tcp
        .resume()
        .on('error', () => undefined)
        .on('close', resolve),
    )
    clock.advance(5000)
    await closed
  })

  test('[W10] a first message that is no hello is refused', async () => {
    const tcp = await rawTcp()
    tcp.write(Buffer.concat(encodeBare('ping', 0)))
    const [answer] = await once(tcp, 'data')
    expect(codeOf(answer)).toBe('wire.frame-invalid')
    await once(tcp, 'close')
    const ws = await rawWebSocket()
    ws.send('hello')
    const [text] = await once(ws, 'close')
    expect(text).toBe(1000)
  })

  test('[W10] a first message of more than 4 KiB is refused before it has come', async () => {
    const tcp = await rawTcp()
    tcp.write(createFrameHeader('tensor', { payloadBytes: 4097 }))
    const [answer] = await once(tcp, 'data')
    expect(codeOf(answer)).toBe('wire.frame-too-large')
    const ws = await rawWebSocket()
    const answered = once(ws, 'message')
    const { schemaPart, tensorPart } = largeTensor()
    ws.send(Buffer.concat([...schemaPart, ...tensorPart]))
    expect(codeOf((await answered)[0])).toBe('wire.frame-too-large')
  })

  test('[W10] with 65 connections that wait the oldest is closed, so that idle ones keep nobody out', async () => {
    const first = await rawTcp()
    for (let count = 1; count < 64; count++) await rawTcp()
    while (clock.pending < 64) await new Promise((resolve) => setImmediate(resolve))
    const closed = once(first.resume(), 'close')
    const last = await rawTcp()
    await closed
    last.write(
      Buffer.concat(
        encodeHello(
          dataPort.issueToken(() => undefined),
          0,
        ),
      ),
    )
    const [answer] = await once(last, 'data')
    expect(codeOf(answer)).toBe('welcome')
  })

  test('a WebSocket ping is answered with what it carries', async () => {
    const ws = await rawWebSocket()
    const answered = once(ws, 'pong')
    ws.ping('abc')
    expect(String((await answered)[0])).toBe('abc')
  })

  test('close ends what waits and leaves no timer', async () => {
    dataPort.issueToken(neverOpened)
    const tcp = await rawTcp()
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve))
    const closed = once(tcp.resume(), 'close')
    await dataPort.close()
    await closed
    while (clock.pending > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

test('says which port is taken', async () => {
  const second = createDataPort({ clock, port: ports.tcp })
  await expect(second.tcpEndpoint()).rejects.toMatchObject({ code: 'device.port-in-use', details: { port: ports.tcp } })
  await second.close()
})

function largeTensor() {
  const schemaPart = encodeSchema(0, { dtype: 'bytes', shape: [null] }, 1)
  const tensorPart = encodeTensor(frame(0, 100_000), { id: 0, dtype: 'bytes', dims: [-1] }, 1)
  return { schemaPart, tensorPart }
}
