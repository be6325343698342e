import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { createControlClient, type DeviceEvent } from '../src/host/devices/controlClient.ts'
import type { Device } from '../src/host/devices/device.ts'
import { dialDevice } from '../src/host/devices/dialDevice.ts'
import { sha256 } from '../src/node/sha256.ts'
import { siblingScript } from '../src/node/siblingScript.ts'
import { createTensor, type Tensor } from '../src/shared/tensor/tensor.ts'
import type { LinkConnection } from '../src/shared/wire/controlMessage.ts'
import type { DeviceProgram } from '../src/shared/wire/deviceProgram.ts'
import type { FrameSocket } from '../src/shared/wire/frameSocket.ts'
import { createLinkReceiver } from '../src/shared/wire/linkReceiver.ts'
import { createLinkSender } from '../src/shared/wire/linkSender.ts'
import { tinyModel } from './adapters/node/testing/tinyModels.ts'
import { createLocalDevice, Server } from './node.ts'

let folder = ''
let server = new Server({ port: 0 })
let address = ''
const devices: Device[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colliflow-device-'))
  server = new Server({ port: 0, name: 'test', dataDir: folder, outputDir: folder, maxSessions: 3 })
  address = await server.start()
})

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()))
  await server.stop()
  await rm(folder, { recursive: true })
})

async function dial(): Promise<Device> {
  const device = await dialDevice({ id: 'test', address })
  devices.push(device)
  return device
}

function blobOf(content: Uint8Array) {
  return { hash: sha256(content), bytes: content.byteLength, read: () => Promise.resolve(content) }
}

const relu = blobOf(tinyModel({ operator: 'Relu' }))
const four = { dtype: 'float32', shape: [1, 4] } as const

/** $client -> onnx-model -> $client. */
function reluProgram(model: { hash: string; bytes: number } = relu): DeviceProgram {
  return {
    device: 'test',
    deviceIndex: 0,
    nodes: {
      net: {
        kind: 'onnx-model',
        params: { model: 'tiny' },
        inputSpecs: { x: four },
        outputSpecs: { y: four },
        assets: { model: [{ hash: model.hash, bytes: model.bytes }] },
      },
    },
    wires: [
      { from: 'feed.out', to: 'net.x', policy: { kind: 'block' } },
      { from: 'net.y', to: 'result.in', policy: { kind: 'block' } },
    ],
    links: {
      feed: { direction: 'receive', peer: '$client', transport: 'websocket', spec: four },
      result: { direction: 'send', peer: '$client', transport: 'websocket', spec: four },
    },
  }
}

const bothListen: Record<string, LinkConnection> = {
  feed: { role: 'listen', transport: 'websocket' },
  result: { role: 'listen', transport: 'websocket' },
}

interface RunningRelu {
  readonly events: DeviceEvent[]
  run(data: readonly number[]): Promise<Tensor>
  end(): void
  readonly sessionEnded: Promise<Extract<DeviceEvent, { type: 'session-ended' }>>
}

async function startRelu(device: Device, session = 'one', sockets: FrameSocket[] = []): Promise<RunningRelu> {
  const { control } = device
  await control.putBlob(relu)
  const events: DeviceEvent[] = []
  const sessionEnded = new Promise<Extract<DeviceEvent, { type: 'session-ended' }>>((resolve) => {
    control.onEvent((event) => {
      if (event.session !== session) return
      events.push(event)
      if (event.type === 'session-ended') resolve(event)
    })
  })
  const request = { session, epoch: 1, program: reluProgram(), links: bothListen }
  const { endpoints } = await control.request('prepare', request)
  const { signal } = new AbortController()
  const socketOf = async (link: string) => {
    const endpoint = endpoints[link]
    if (endpoint === undefined) throw new Error(`no endpoint for ${link}`)
    const socket = await device.openDataSocket(endpoint, signal)
    sockets.push(socket)
    return socket
  }
  const feed = await socketOf('feed')
  const result = await socketOf('result')
  await control.request('commit', { session, epoch: 1 })
  const arrived: Tensor[] = []
  let onArrival: () => void = () => undefined
  let onCredit: () => void = () => undefined
  const ignore = () => undefined
  const sender = createLinkSender(
    feed,
    { linkId: 'feed', peer: 'test', epoch: 1, spec: four },
    { onCredit: () => onCredit(), onFailure: ignore },
  )
  const receiver = createLinkReceiver(
    result,
    { linkId: 'result', peer: 'test', epoch: 1 },
    {
      onFrame: ({ tensor }) => {
        arrived.push(tensor)
        receiver.grant(1)
        onArrival()
      },
      onAdvance: ignore,
      onEnd: ignore,
      onFailure: ignore,
    },
  )
  receiver.grant(4)
  let seq = 0
  return {
    events,
    sessionEnded,
    end: () => sender.end(),
    async run(data) {
      while (!sender.canSend()) {
        await new Promise<void>((resolve) => {
          onCredit = resolve
        })
      }
      sender.send({
        seq: seq++,
        origin: { capturedAtNs: 0, device: 0, trail: [] },
        tensor: createTensor('float32', [1, 4], new Float32Array(data)),
      })
      while (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          onArrival = resolve
        })
      }
      return arrived.shift() ?? Promise.reject(new Error('nothing arrived'))
    },
  }
}

const positive = createTensor('float32', [1, 4], new Float32Array([1, 0, 3, 0]))

describe('a session', () => {
  test('runs what a client uploads to a blank device, and ends with telemetry when its input ends', async () => {
    const device = await dial()
    const session = await startRelu(device)
    expect(await session.run([1, -2, 3, -4])).toEqual(positive)
    expect(await session.run([1, -2, 3, -4])).toEqual(positive)
    session.end()
    expect(await session.sessionEnded).toEqual({ type: 'session-ended', session: 'one' })
    const telemetry = session.events.find((event) => event.type === 'telemetry')
    expect(telemetry).toMatchObject({ final: true, telemetry: { nodes: { net: { frames: 2 } } } })
  })

  test('says what the device can do in its hello', async () => {
    const { capabilities } = await dial()
    expect(capabilities).toMatchObject({ name: 'test', role: 'cloud', listens: ['tcp', 'websocket'] })
    expect(capabilities.kinds).toContain('onnx-model')
  })

  test('sends telemetry windows to whoever subscribed', async () => {
    const device = await dial()
    const session = await startRelu(device)
    const window = new Promise<DeviceEvent>((resolve) => {
      device.control.onEvent((event) => event.type === 'telemetry' && resolve(event))
    })
    await device.control.request('subscribe-telemetry', { session: 'one', intervalMs: 50 })
    expect(await window).toMatchObject({ session: 'one', final: false })
    session.end()
    await session.sessionEnded
  })

  test('whose data link breaks ends with device.disconnected that names link and peer', async () => {
    const sockets: FrameSocket[] = []
    const session = await startRelu(await dial(), 'one', sockets)
    await session.run([1, -2, 3, -4])
    for (const socket of sockets) socket.destroy()
    const { error } = await session.sessionEnded
    expect(error?.code).toBe('device.disconnected')
    expect(error?.message).toContain('$client')
    expect(error?.message).toMatch(/feed|result/)
  })

  test('of a client that vanishes touches no other client', async () => {
    const stays = await startRelu(await dial())
    const vanishes = new WebSocket(`${address}/control`)
    await new Promise((resolve) => vanishes.once('open', resolve))
    const other = await dial()
    await startRelu(other)
    other.control.close()
    vanishes.terminate()
    await other.control.closed
    expect(await stays.run([1, -2, 3, -4])).toEqual(positive)
    stays.end()
    expect((await stays.sessionEnded).error).toBeUndefined()
  })

  test('can be aborted after prepare and prepared again', async () => {
    const { control } = await dial()
    await control.putBlob(relu)
    const request = { session: 'one', epoch: 1, program: reluProgram(), links: bothListen }
    await control.request('prepare', request)
    await control.request('abort', { session: 'one', epoch: 1 })
    await control.request('prepare', { ...request, epoch: 2 })
    await expect(control.request('commit', { session: 'one', epoch: 1 })).rejects.toMatchObject({
      code: 'device.session-unknown',
    })
  })

  test('can be aborted while it is being prepared, which then fails and leaves room for another', async () => {
    const { control } = await dial()
    await control.putBlob(relu)
    const request = { session: 'one', epoch: 1, program: reluProgram(), links: bothListen }
    const refused = expect(control.request('prepare', request)).rejects.toMatchObject({ code: 'run.cancelled' })
    await control.request('abort', { session: 'one', epoch: 1 })
    await refused
    await control.request('prepare', request)
  })

  test('that is stopped before it ran ends at once', async () => {
    const { control } = await dial()
    await control.putBlob(relu)
    const ended = new Promise<DeviceEvent>((resolve) => control.onEvent(resolve))
    await control.request('prepare', { session: 'one', epoch: 1, program: reluProgram(), links: bothListen })
    await control.request('stop', { session: 'one' })
    expect(await ended).toEqual({ type: 'session-ended', session: 'one' })
  })

  test('one after the other a hundred times leaves no socket, timer or thread behind', async () => {
    const device = await dial()
    const once = async (name: string) => {
      const session = await startRelu(device, name)
      expect(await session.run([1, -2, 3, -4])).toEqual(positive)
      session.end()
      await session.sessionEnded
    }
    // The first one loads the model, whose worker stays for a while.
    await once('first')
    const before = await settledResources()
    for (let index = 0; index < 100; index++) await once(`run ${index}`)
    expect(await settledResources()).toEqual(before)
  })
})

/** What keeps this process alive, by kind, once the event loop has nothing more to close. */
async function settledResources(): Promise<Record<string, number>> {
  let settled = countResources()
  for (let calm = 0; calm < 50; calm++) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = countResources()
    if (JSON.stringify(now) !== JSON.stringify(settled)) calm = 0
    settled = now
  }
  return settled
}

function countResources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo().sort()) {
    // Immediates are of this very loop; requests to the file system end by themselves.
    if (name !== 'Immediate' && !name.startsWith('FSReq')) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('prepare refuses', () => {
  const cases: readonly [string, string, (program: DeviceProgram) => Partial<DeviceProgram>][] = [
    [
      'a kind that the device lacks',
      'device.capability-missing',
      ({ nodes }) => ({ nodes: { net: { ...(nodes.net ?? never()), kind: 'teleport' } } }),
    ],
    [
      'a blob that was not uploaded',
      'device.blob-missing',
      () => ({ nodes: reluProgram({ hash: sha256('other'), bytes: 5 }).nodes }),
    ],
    [
      'params out of range',
      'graph.params-invalid',
      ({ nodes }) => ({ nodes: { net: { ...(nodes.net ?? never()), params: { model: 'tiny', threads: -1 } } } }),
    ],
    [
      'more nodes than its limit',
      'device.limit-exceeded',
      ({ nodes }) => ({
        nodes: Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`n${i}`, nodes.net ?? never()])),
      }),
    ],
  ]

  test.each(cases)('%s, and the session can be prepared anew', async (_name, code, change) => {
    const { control } = await dial()
    await control.putBlob(relu)
    const program = reluProgram()
    const request = { session: 'one', epoch: 1, links: bothListen }
    await expect(
      control.request('prepare', { ...request, program: { ...program, ...change(program) } }),
    ).rejects.toMatchObject({ code })
    const { endpoints } = await control.request('prepare', { ...request, program })
    expect(Object.keys(endpoints).sort()).toEqual(['feed', 'result'])
  })

  test.each([
    ['a model that is no model', tinyModel().subarray(0, 30), 'model.truncated'],
    ['an operator that onnxruntime lacks', tinyModel({ operator: 'Frobnicate' }), 'model.operator-unsupported'],
  ])('%s', async (_name, content, code) => {
    const { control } = await dial()
    const model = blobOf(content)
    await control.putBlob(model)
    const request = { session: 'one', epoch: 1, program: reluProgram(model), links: bothListen }
    await expect(control.request('prepare', request)).rejects.toMatchObject({ code })
  })

  test('a link whose peer does not listen', async () => {
    const { control } = await dial()
    await control.putBlob(relu)
    const nobody: LinkConnection = { role: 'dial', transport: 'websocket', host: '127.0.0.1', port: 1, token: 'x' }
    const request = { session: 'one', epoch: 1, program: reluProgram(), links: { ...bothListen, feed: nobody } }
    await expect(control.request('prepare', request)).rejects.toMatchObject({ code: 'device.unreachable' })
  })

  test('one session too many, until another ends', async () => {
    const { control } = await dial()
    await control.putBlob(relu)
    const prepare = (session: string) =>
      control.request('prepare', { session, epoch: 1, program: reluProgram(), links: bothListen })
    for (const session of ['a', 'b', 'c']) await prepare(session)
    await expect(prepare('d')).rejects.toMatchObject({ code: 'device.limit-exceeded' })
    await control.request('abort', { session: 'a', epoch: 1 })
    await prepare('d')
  })
})

describe('a blob', () => {
  test('is not sent again when the device has it', async () => {
    const first = await dial()
    await first.control.putBlob(relu)
    const second = await dial()
    const again = await second.control.request('put-blob', { hash: relu.hash, bytes: relu.bytes })
    expect(again.offset).toBe(relu.bytes)
  })

  test('that does not have its hash is refused and told so', async () => {
    const { control } = await dial()
    const wrong = { ...blobOf(new Uint8Array(5000)), hash: sha256('something else') }
    await expect(control.putBlob(wrong)).rejects.toMatchObject({ code: 'device.blob-mismatch' })
    await control.putBlob(relu)
  })

  test('above the limit is refused', async () => {
    const { control } = await dial()
    await expect(control.request('put-blob', { hash: relu.hash, bytes: 2 ** 40 })).rejects.toMatchObject({
      code: 'device.limit-exceeded',
    })
  })
})

/** What the device answers to raw messages, up to the end of the connection. */
async function answersTo(...messages: (string | Uint8Array)[]): Promise<unknown[]> {
  const socket = new WebSocket(`${address}/control`)
  const answers: unknown[] = []
  socket.on('message', (data: Buffer) => answers.push(JSON.parse(data.toString())))
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('open', resolve))
  for (const message of messages) socket.send(message)
  await closed
  return answers
}

const hello = JSON.stringify({ type: 'hello', id: 1, versions: [1], client: 'test' })

describe('a client that breaks the protocol is told so and let go', () => {
  const refusal = (id: number, code: string) =>
    expect.objectContaining({ id, error: expect.objectContaining({ code }) })

  test.each<[string, (string | Uint8Array)[], number, string]>([
    ['text that is not JSON', ['{'], 0, 'wire.message-invalid'],
    ['an unknown request', [JSON.stringify({ type: 'format-disk', id: 7 })], 7, 'wire.message-invalid'],
    ['a request before hello', [JSON.stringify({ type: 'clock', id: 3 })], 3, 'wire.message-invalid'],
    ['a hello of 5 KB', [hello.replace('test', 'x'.repeat(5000))], 1, 'wire.message-invalid'],
    ['another protocol version', [hello.replace('[1]', '[99]')], 1, 'wire.version-unsupported'],
    ['a second hello', [hello, hello.replace('"id":1', '"id":2')], 2, 'wire.message-invalid'],
    ['bytes before hello', [new Uint8Array(100)], 0, 'wire.message-invalid'],
    ['bytes of no transfer', [hello, new Uint8Array(100)], 0, 'wire.message-invalid'],
  ])('%s', async (_name, messages, id, code) => {
    const answers = await answersTo(...messages)
    expect(answers.at(-1)).toEqual(refusal(id, code))
    await (await dial()).control.request('clock', {})
  })
})

test('a client that falls silent is cut off', async () => {
  const socket = new WebSocket(`${address}/control`, { autoPong: false })
  await new Promise((resolve) => socket.once('open', resolve))
  const greeted = new Promise((resolve) => socket.once('message', resolve))
  socket.send(hello)
  await greeted
  const code = await new Promise<number>((resolve) => socket.once('close', resolve))
  expect(code).toBe(1006)
})

test('idle connections, however many, keep no client out', async () => {
  const idle = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = new WebSocket(`${address}/control`)
      await new Promise((resolve) => socket.once('open', resolve))
      return socket
    }),
  )
  await (await dial()).control.request('clock', {})
  expect(idle.filter(({ readyState }) => readyState === WebSocket.OPEN).length).toBeLessThanOrEqual(64)
  for (const socket of idle) socket.terminate()
})

test('a client that sends requests and never reads the answers is cut off', async () => {
  const socket = new WebSocket(`${address}/control`)
  await new Promise((resolve) => socket.once('open', resolve))
  socket.on('error', () => undefined)
  socket.send(hello)
  await new Promise((resolve) => socket.once('message', resolve))
  const closed = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
  socket.pause()
  // Each is answered by an error that is longer than the request.
  const request = JSON.stringify({ type: 'stop', id: 2, session: '"'.repeat(64) })
  let isOver = false
  void closed.then(() => {
    isOver = true
  })
  while (!isOver) {
    if (socket.bufferedAmount < 1e6) for (let count = 0; count < 1000; count++) socket.send(request)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await (await dial()).control.request('clock', {})
})

test('a page of another site cannot open a connection', async () => {
  for (const path of ['/control', '/data']) {
    const socket = new WebSocket(`${address}${path}`, { origin: 'https://example.com' })
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(error.message).toContain('403')
  }
})

test('a port that is taken is device.port-in-use and says what to do', async () => {
  const port = Number(new URL(address).port)
  await expect(new Server({ port }).start()).rejects.toMatchObject({
    code: 'device.port-in-use',
    message: expect.stringContaining('--port'),
  })
})

test('a device inside the process does the same without a network', async () => {
  const local = createLocalDevice({ dataDir: folder, outputDir: folder })
  const control = createControlClient(local.control, 'local')
  const { capabilities } = await control.request('hello', { versions: [1], client: 'test' })
  const device: Device = {
    ...{ id: 'local', name: 'local', host: undefined, capabilities, control },
    openDataSocket: ({ token }) => Promise.resolve(local.openDataSocket(token)),
    close: () => local.stop(),
  }
  const session = await startRelu(device)
  expect(await session.run([1, -2, 3, -4])).toEqual(positive)
  session.end()
  expect((await session.sessionEnded).error).toBeUndefined()
  await local.stop()
})

describe('as a process', () => {
  async function startProcess(...args: string[]): Promise<{ child: ChildProcess; line: string }> {
    const script = siblingScript(import.meta.url, './node')
    const child = spawn(process.execPath, [script, '--port', '0', '--data-dir', folder, ...args], { stdio: 'pipe' })
    const line = await new Promise<string>((resolve) => {
      if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve)
    })
    return { child, line }
  }
  const exitOf = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

  test('says where it listens in its first line and stops cleanly at SIGTERM', async () => {
    const { child, line } = await startProcess('--role', 'edge', '--name', 'phone')
    const said: { type: string; address: string } = JSON.parse(line)
    expect(said.type).toBe('listening')
    const device = await dialDevice({ id: 'phone', address: said.address })
    expect(device.capabilities).toMatchObject({ name: 'phone', role: 'edge' })
    const exited = exitOf(child)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    await device.control.closed
  })

  test('a client process that is killed takes its session along, and no other', async () => {
    const stays = await startRelu(await dial())
    const script = `
      import { dialDevice } from ${JSON.stringify(siblingScript(import.meta.url, '../src/host/devices/dialDevice'))}
      const { control } = await dialDevice({ id: 'test', address: ${JSON.stringify(address)} })
      const program = ${JSON.stringify(reluProgram())}
      const links = ${JSON.stringify(bothListen)}
      for (const session of ['a', 'b']) await control.request('prepare', { session, epoch: 1, program, links })
      console.log('prepared')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
    const { control } = await dial()
    const request = { session: 'c', epoch: 1, program: reluProgram(), links: bothListen }
    await expect(control.request('prepare', request)).rejects.toMatchObject({ code: 'device.limit-exceeded' })
    const exited = exitOf(child)
    child.kill('SIGKILL')
    await exited
    expect(await stays.run([1, -2, 3, -4])).toEqual(positive)
    // The device hears of it by the broken connection; until then it refuses.
    const tryPrepare = () => control.request('prepare', request).catch(() => undefined)
    while ((await tryPrepare()) === undefined);
    expect(await stays.run([1, -2, 3, -4])).toEqual(positive)
  })

  test('ends when its parent does', async () => {
    const { child } = await startProcess('--exit-with-parent')
    const exited = exitOf(child)
    child.stdin?.end()
    expect(await exited).toBe(0)
  })
})

function never(): never {
  throw new Error('the program of these tests has a node net')
}
