import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDataPort } from '../../src/node/frame-sockets/dataPort.ts'
import { eventSchema } from '../../src/shared/wire/controlMessage.ts'
import { createMemoryControlSockets } from '../../src/shared/wire/memoryControlSocket.ts'
import { createDataPower, createMemoryDataPower } from '../adapters/node/dataPower.ts'
import { FakeClock } from '../adapters/node/testing/fakeClock.ts'
import { createNodeDevice } from '../node.ts'
import { serveControl } from './controlConnection.ts'
import type { DevicePower } from './devicePower.ts'

let folder = ''
const clock = new FakeClock()
const data = createMemoryDataPower(createDataPower(createDataPort({ clock }), () => 0, 1024))
let device: ReturnType<typeof createNodeDevice>
let power: DevicePower

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colliflow-control-'))
  device = createNodeDevice({ dataDir: folder, outputDir: folder }, data)
  power = { ...device.power, clock }
})

afterAll(async () => {
  await device.close()
  await rm(folder, { recursive: true })
})

const hash = 'ab'.repeat(32)
const program = {
  device: 'd',
  deviceIndex: 0,
  nodes: { zip: { kind: 'zip', params: {}, inputSpecs: {}, outputSpecs: {}, assets: {} } },
  wires: [],
  links: { out: { direction: 'send', peer: '$client', transport: 'websocket' } },
}
const links = { out: { role: 'listen', transport: 'websocket' } }
const messages = [
  { type: 'hello', id: 1, versions: [1], client: 'fuzz' },
  { type: 'put-blob', id: 2, hash, bytes: 10 },
  { type: 'prepare', id: 3, session: 's', epoch: 1, program, links },
  { type: 'subscribe-telemetry', id: 4, session: 's', intervalMs: 50 },
  { type: 'clock', id: 5 },
  { type: 'abort', id: 6, session: 's', epoch: 1 },
  { type: 'stop', id: 7, session: 's' },
  { type: 'bye', id: 8 },
].map((message) => JSON.stringify(message))

/** Messages in any order, some cut, some with a character replaced. */
const conversation = fc.array(
  fc.tuple(
    fc.constantFrom(...messages),
    fc.oneof(fc.constant(undefined), fc.tuple(fc.nat(400), fc.constantFrom('', '9', '"', '{', '-', 'null', '\u0000'))),
  ),
  { maxLength: 8 },
)

test('whatever a client says, each answer fits the protocol and nothing of it remains when it is gone', async () => {
  await fc.assert(
    fc.asyncProperty(conversation, fc.boolean(), async (said, greetFirst) => {
      const [client, served] = createMemoryControlSockets()
      const state = { sessions: 0 }
      const over = serveControl(served, power, state)
      const heard: unknown[] = []
      client.listen({
        onText: (text) => void heard.push(JSON.parse(text)),
        onBinary: () => void heard.push('bytes'),
        onClose: () => undefined,
      })
      if (greetFirst) client.sendText(messages[0] ?? '')
      for (const [text, change] of said) {
        const mutated = change && text.slice(0, change[0]) + change[1] + text.slice(change[0] + 1)
        client.sendText(mutated ?? text)
      }
      client.close()
      await over
      expect(heard.filter((event) => !eventSchema.safeParse(event).success)).toEqual([])
      expect(state.sessions).toBe(0)
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 5000 },
  )
})
