import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { AppError } from '../errors/appError.ts'
import type { Clock } from '../node-kinds/nodeContext.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { type DataMessage, decodeFrame } from './decodeFrame.ts'
import { encodeBare, encodeCredit, encodeHello, encodeSchema, encodeTensor } from './encodeFrame.ts'
import type { Frame } from './frame.ts'
import { frameHeaderBytes } from './frameHeader.ts'
import type { FrameSocket } from './frameSocket.ts'
import { createLinkReceiver, type LinkReceiverOptions } from './linkReceiver.ts'
import { type LinkSchema, toLinkSchema } from './linkSchema.ts'
import { createLinkSender, type LinkSenderOptions } from './linkSender.ts'
import { createMemoryFrameSockets } from './memoryFrameSocket.ts'

const options = { linkId: 'uplink', peer: 'phone', epoch: 3 }
const schema: LinkSchema = { id: 0, dtype: 'uint8', dims: [-1] }
let events: unknown[]
beforeEach(() => {
  events = []
})

/** Lets every microtask run that is waiting, and those that they make. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

function frame(seq: number, data = new Uint8Array([seq]), source?: string): Frame {
  const origin = { capturedAtNs: 1000 + seq, device: 1, trail: [], ...(source !== undefined && { source }) }
  return { seq, origin, tensor: createTensor('uint8', [data.length], data) }
}

function openReceiver(socket: FrameSocket, extra: Partial<LinkReceiverOptions> = {}) {
  return createLinkReceiver(
    socket,
    { ...options, ...extra },
    {
      onFrame: (found) => events.push(found),
      onAdvance: (bound) => events.push({ bound }),
      onEnd: () => events.push('end'),
      onFailure: (error) => events.push({ receiver: error.code }),
    },
  )
}

function openSender(socket: FrameSocket, extra: Partial<LinkSenderOptions> = {}) {
  return createLinkSender(
    socket,
    { ...options, ...extra },
    { onCredit: () => events.push('credit'), onFailure: (error) => events.push({ sender: error.code }) },
  )
}

/** The other end of a socket as a peer that follows no rules: sends what it likes and notes what it gets. */
function openPeer(socket: FrameSocket) {
  const received: DataMessage[] = []
  const schemas: LinkSchema[] = []
  const peer = { received, closed: false }
  socket.listen({
    onMessage(message) {
      const decoded = decodeFrame(message, { maxFrameBytes: 1e6, schemas })
      if (!decoded.ok) throw decoded.error
      if (decoded.value.type === 'schema') schemas.push(toLinkSchema(schemas.length, decoded.value.spec))
      received.push(decoded.value)
    },
    onClose() {
      peer.closed = true
    },
  })
  return peer
}

test('[W18] nothing may be sent before the receiver grants, and as many frames as it grants after', async () => {
  const [left, right] = createMemoryFrameSockets()
  const sender = openSender(left)
  const receiver = openReceiver(right)
  await settled()
  expect(sender.canSend()).toBe(false)
  receiver.grant(2)
  await settled()
  expect(events).toEqual(['credit'])
  sender.send(frame(0))
  sender.send(frame(1))
  expect(sender.canSend()).toBe(false)
  await settled()
  expect(events).toEqual(['credit', frame(0), frame(1)])
  receiver.grant(1)
  await settled()
  expect(sender.canSend()).toBe(true)
})

test('[W18] a frame larger than the window passes alone and stops what follows until it is taken', async () => {
  const [left, right] = createMemoryFrameSockets()
  const sender = openSender(left)
  const receiver = openReceiver(right, { windowBytes: 1000 })
  receiver.grant(8)
  await settled()
  sender.send(frame(0, new Uint8Array(5000)))
  expect(sender.canSend()).toBe(false)
  await settled()
  expect(sender.canSend()).toBe(false)
  receiver.grant(1)
  await settled()
  expect(sender.canSend()).toBe(true)
})

test('[W18] with any window and any order of taking, every frame arrives and the window is kept', async () => {
  const plan = fc.record({
    slots: fc.integer({ min: 1, max: 9 }),
    windowBytes: fc.integer({ min: 50, max: 2000 }),
    sizes: fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 40 }),
    takes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ slots, windowBytes, sizes, takes }) => {
      const [left, right] = createMemoryFrameSockets()
      let held = 0
      let most = 0
      let arrived = 0
      const receiver = createLinkReceiver(
        right,
        { ...options, windowBytes },
        {
          onFrame() {
            arrived++
            most = Math.max(most, ++held)
          },
          onAdvance: () => undefined,
          onEnd: () => undefined,
          onFailure(error) {
            throw error
          },
        },
      )
      receiver.grant(slots)
      const sender = createLinkSender(left, options, {
        onCredit: () => undefined,
        onFailure(error) {
          throw error
        },
      })
      let sent = 0
      for (let turn = 0; arrived < sizes.length && turn < 500; turn++) {
        while (sent < sizes.length && sender.canSend()) sender.send(frame(sent, new Uint8Array(sizes[sent++] ?? 0)))
        await settled()
        const taken = Math.min(held, takes[turn % takes.length] ?? 1)
        held -= taken
        if (taken > 0) receiver.grant(taken)
        await settled()
      }
      expect({ arrived, withinSlots: most <= slots }).toEqual({ arrived: sizes.length, withinSlots: true })
    }),
    { numRuns: 100 },
  )
})

test('[W18] refuses a sender that exceeds its credit, and tells it', async () => {
  for (const granted of [0, 1]) {
    events = []
    const [left, right] = createMemoryFrameSockets()
    const peer = openPeer(left)
    const receiver = openReceiver(right)
    if (granted > 0) receiver.grant(granted)
    await settled()
    left.send(encodeSchema(0, { dtype: 'uint8', shape: [null] }, 3))
    for (let seq = 0; seq <= granted; seq++) left.send(encodeTensor(frame(seq), schema, 3))
    await settled()
    expect(events.at(-1)).toEqual({ receiver: 'wire.credit-exceeded' })
    const last = peer.received.at(-1)
    expect(last?.type === 'fail' ? last.error.code : last).toBe('wire.credit-exceeded')
    expect(peer.closed).toBe(true)
  }
})

test('[W18] refuses a sender that sends after its bytes are used up although it has frames left', async () => {
  const [left, right] = createMemoryFrameSockets()
  openReceiver(right, { windowBytes: 100 }).grant(5)
  await settled()
  left.send(encodeSchema(0, { dtype: 'uint8', shape: [null] }, 3))
  left.send(encodeTensor(frame(0, new Uint8Array(200)), schema, 3))
  left.send(encodeTensor(frame(1), schema, 3))
  await settled()
  expect(events.at(-1)).toEqual({ receiver: 'wire.credit-exceeded' })
})

test('[W17] refuses numbers and bounds that do not rise', async () => {
  const wrongSecond = [
    encodeTensor(frame(4), schema, 3),
    encodeTensor(frame(3), schema, 3),
    encodeBare('advance', 3, 4),
  ]
  for (const parts of wrongSecond) {
    events = []
    const [left, right] = createMemoryFrameSockets()
    openReceiver(right).grant(5)
    await settled()
    left.send(encodeSchema(0, { dtype: 'uint8', shape: [null] }, 3))
    left.send(encodeTensor(frame(4), schema, 3))
    left.send(parts)
    await settled()
    expect(events).toEqual([frame(4), { receiver: 'wire.frame-invalid' }])
  }
})

test('[W15] a type is announced once; shapes that change are announced twice in all', async () => {
  const [left, right] = createMemoryFrameSockets()
  const peer = openPeer(right)
  const sender = openSender(left)
  right.send(encodeCredit(100, 1e6, 3))
  await settled()
  const tensors: readonly Tensor[] = [
    createTensor('uint8', [2], new Uint8Array(2)),
    createTensor('uint8', [2], new Uint8Array(2)),
    createTensor('uint8', [3], new Uint8Array(3)),
    createTensor('uint8', [4], new Uint8Array(4)),
    createTensor('float32', [1], new Float32Array(1)),
    createTensor('uint8', [2], new Uint8Array(2)),
  ]
  for (const [seq, tensor] of tensors.entries()) sender.send({ ...frame(seq), tensor })
  await settled()
  const specs = peer.received.flatMap((message) => (message.type === 'schema' ? [message.spec] : []))
  const found = peer.received.flatMap((message) => (message.type === 'tensor' ? [message.frame.tensor] : []))
  expect(specs).toEqual([
    { dtype: 'uint8', shape: [2] },
    { dtype: 'uint8', shape: [null] },
    { dtype: 'float32', shape: [1] },
  ])
  expect(found).toEqual(tensors)
})

test('[W15] a spec that is known before is announced before any frame, with its encoding', async () => {
  const [left, right] = createMemoryFrameSockets()
  const peer = openPeer(right)
  const spec = { dtype: 'bytes', shape: [null], encoding: { codec: 'zstd' } } as const
  openSender(left, { spec })
  await settled()
  expect(peer.received).toEqual([{ type: 'schema', epoch: 3, schemaId: 0, spec }])
})

test('[W17] advances of one turn become one message, and none when a frame tells as much', async () => {
  const [left, right] = createMemoryFrameSockets()
  const sender = openSender(left)
  openReceiver(right).grant(5)
  await settled()
  sender.advance(2)
  sender.advance(5)
  await settled()
  sender.advance(6)
  sender.send(frame(7))
  await settled()
  expect(events).toEqual(['credit', { bound: 5 }, frame(7)])
})

test('the trail of a received frame ends with this link and the bytes that the sender counted', async () => {
  const [left, right] = createMemoryFrameSockets()
  const sender = openSender(left)
  openReceiver(right, { linkIndex: 9 }).grant(1)
  await settled()
  const before = { link: 2, bytes: 77 }
  const sent = frame(0, new Uint8Array(10), 'a.jpg')
  const bytes = sender.send({ ...sent, origin: { ...sent.origin, trail: [before] } })
  await settled()
  // Header, extension of 4 + 6 + 5 bytes padded to 16, payload.
  expect(bytes).toBe(frameHeaderBytes + 16 + 10)
  expect(events.at(-1)).toEqual({ ...sent, origin: { ...sent.origin, trail: [before, { link: 9, bytes }] } })
})

test('sending hands over the tensor’s own memory', async () => {
  const tensor = createTensor('float32', [4], new Float32Array([1, 2, 3, 4]))
  const parts = encodeTensor({ ...frame(0), tensor }, { id: 0, dtype: 'float32', dims: [4] }, 3)
  expect(parts[1]?.buffer).toBe(tensor.data.buffer)
})

test('decoding makes views of the received memory', () => {
  const tensor = createTensor('float64', [2], new Float64Array([1, 2]))
  const parts = encodeTensor({ ...frame(0, undefined, 'abc'), tensor }, { id: 0, dtype: 'float64', dims: [2] }, 3)
  const message = new Uint8Array(parts.flatMap((part) => [...part]))
  const decoded = decodeFrame(message, { maxFrameBytes: 1000, schemas: [{ id: 0, dtype: 'float64', dims: [2] }] })
  expect(decoded.ok && decoded.value.type === 'tensor' && decoded.value.frame.tensor).toEqual(tensor)
  expect(decoded.ok && decoded.value.type === 'tensor' && sharesMemory(decoded.value.frame.tensor, message)).toBe(true)
})

function sharesMemory(tensor: Tensor, message: Uint8Array): boolean {
  return tensor.dtype !== 'string' && tensor.data.buffer === message.buffer
}

test('[W19] after end the receiver has every frame, and closing is no failure', async () => {
  const [left, right] = createMemoryFrameSockets()
  const sender = openSender(left)
  openReceiver(right).grant(2)
  await settled()
  sender.send(frame(0))
  sender.advance(9)
  sender.end()
  await settled()
  expect(events).toEqual(['credit', frame(0), { bound: 9 }, 'end'])
  expect(sender.canSend()).toBe(false)
})

test('[W20] a failure of either end reaches the other with its code', async () => {
  const [left, right] = createMemoryFrameSockets()
  openReceiver(right)
  openSender(left).fail(new AppError('node.failed', 'Node top failed.'))
  await settled()
  expect(events).toEqual([{ receiver: 'node.failed' }])

  events = []
  const [other, end] = createMemoryFrameSockets()
  openSender(other)
  openReceiver(end).cancel(new AppError('run.cancelled', 'Stopped.'))
  await settled()
  expect(events).toEqual([{ sender: 'run.cancelled' }])
})

test('[W20] a receiver that cancels without a reason tells that nobody reads any more', async () => {
  const [left, right] = createMemoryFrameSockets()
  openSender(left)
  openReceiver(right).cancel()
  await settled()
  expect(events).toEqual([{ sender: 'engine.stopped' }])
})

test('[W22] a connection that closes before end or fail means that the peer is gone', async () => {
  for (const leave of ['close', 'destroy'] as const) {
    events = []
    const [left, right] = createMemoryFrameSockets()
    openReceiver(right)
    left[leave]()
    await settled()
    const [peer, own] = createMemoryFrameSockets()
    openSender(own)
    peer[leave]()
    await settled()
    expect(events).toEqual([{ receiver: 'device.disconnected' }, { sender: 'device.disconnected' }])
  }
})

test('[W11] refuses messages of another deployment', async () => {
  const [left, right] = createMemoryFrameSockets()
  openSender(left, { epoch: 2 }).advance(1)
  openReceiver(right)
  await settled()
  expect(events).toEqual([{ receiver: 'wire.token-invalid' }, { sender: 'wire.token-invalid' }])
})

test('[W10, W15, W18] refuses messages that belong to another place, one after the other', async () => {
  const toReceiver = [encodeHello('x', 3), encodeBare('welcome', 3), encodeCredit(1, 1, 3), encodeSchema(1, spec(), 3)]
  for (const parts of toReceiver) {
    const [left, right] = createMemoryFrameSockets()
    openReceiver(right)
    left.send(parts)
    await settled()
  }
  const toSender = [encodeBare('end', 3), encodeBare('advance', 3, 1)]
  for (const parts of toSender) {
    const [left, right] = createMemoryFrameSockets()
    openSender(right)
    left.send(parts)
    await settled()
  }
  expect(events).toEqual([
    ...toReceiver.map(() => ({ receiver: 'wire.frame-invalid' })),
    ...toSender.map(() => ({ sender: 'wire.frame-invalid' })),
  ])
})

function spec() {
  return { dtype: 'uint8', shape: [null] } as const
}

test('[W14] an unknown type that may be ignored changes nothing', async () => {
  const [left, right] = createMemoryFrameSockets()
  openReceiver(right)
  const future = encodeBare('ping', 3)[0]
  future?.set([200, 1], 4)
  left.send(future === undefined ? [] : [future])
  left.send(encodeBare('advance', 3, 1))
  await settled()
  expect(events).toEqual([{ bound: 1 }])
})

test('[W21] a ping is answered with its token', async () => {
  const [left, right] = createMemoryFrameSockets()
  const peer = openPeer(left)
  openReceiver(right)
  left.send(encodeBare('ping', 3, 41))
  await settled()
  expect(peer.received).toEqual([{ type: 'pong', epoch: 3, token: 41 }])
})

test('[W21] a peer that falls silent for 1.5 s is gone; one that answers, or was never heard, is not', async () => {
  const [left, right] = createMemoryFrameSockets()
  const clock = createTestClock()
  openReceiver(right, { clock })
  openSender(left)
  for (let tick = 0; tick < 20; tick++) {
    clock.tick()
    await settled()
  }
  expect(events).toEqual([])

  const [silent, own] = createMemoryFrameSockets()
  silent.listen({ onMessage: () => undefined, onClose: () => events.push('closed') })
  openSender(own, { clock })
  const tickFor = async (ticks: number) => {
    for (let tick = 0; tick < ticks; tick++) {
      clock.tick()
      await settled()
    }
  }
  await tickFor(10)
  expect(events, 'not heard yet').toEqual([])
  silent.send(encodeBare('pong', 3))
  await settled()
  await tickFor(7)
  expect(events).toEqual([{ sender: 'device.disconnected' }, 'closed'])
})

test('[W21] a peer of which bytes come is alive, however long its frame takes on a slow link', async () => {
  const [peer, own] = createMemoryFrameSockets()
  peer.listen({ onMessage: () => undefined, onClose: () => events.push('closed') })
  const clock = createTestClock()
  let bytesRead = 0
  const slow: FrameSocket = {
    ...own,
    get bytesRead() {
      return bytesRead
    },
  }
  openReceiver(slow, { clock })
  for (let tick = 0; tick < 10; tick++) {
    bytesRead += 1000
    clock.tick()
    await settled()
  }
  expect(events).toEqual([])
  for (let tick = 0; tick < 7; tick++) clock.tick()
  await settled()
  expect(events).toEqual([{ receiver: 'device.disconnected' }, 'closed'])
})

test('[W21] pings of a peer that does not read are not answered for ever', async () => {
  const [left, right] = createMemoryFrameSockets()
  const peer = openPeer(left)
  let bufferedBytes = 2 ** 20
  openReceiver({
    ...right,
    get bytesRead() {
      return 0
    },
    get bufferedBytes() {
      return bufferedBytes
    },
  })
  left.send(encodeBare('ping', 3, 1))
  await settled()
  bufferedBytes = 0
  left.send(encodeBare('ping', 3, 2))
  await settled()
  expect(peer.received).toEqual([{ type: 'pong', epoch: 3, token: 2 }])
})

/** Each tick runs what is scheduled then, whatever its delay: pings are all that is scheduled here. */
function createTestClock(): Clock & { tick(): void } {
  const scheduled = new Set<() => void>()
  return {
    nowNs: () => 0,
    schedule(_delayMs, callback) {
      scheduled.add(callback)
      return () => scheduled.delete(callback)
    },
    tick() {
      const due = [...scheduled]
      scheduled.clear()
      for (const callback of due) callback()
    },
  }
}
