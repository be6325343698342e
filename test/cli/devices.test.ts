import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { colliflow, repository, type Started, startColliflow } from '../support/colliflow.ts'
import { tempFolder } from '../support/tempFolder.ts'

const example = join(repository, 'examples/photo-split.graph.json')
const photos = join(repository, 'models/photos')

interface Document {
  devices: Record<string, object>
  nodes: Record<string, { kind: string; device?: string; from?: string; to?: string; params: object }>
  wires: { from: string; to: string }[]
}

/** The example, changed, in a folder of its own. */
function changedExample(change: (document: Document) => void): string {
  const folder = tempFolder()
  const document: Document = JSON.parse(readFileSync(example, 'utf8'))
  Object.assign(document.nodes.photos?.params ?? {}, { path: photos })
  change(document)
  cpSync(join(repository, 'examples/calibrations'), join(folder, 'calibrations'), { recursive: true })
  const file = join(folder, 'changed.graph.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

const endless = () => changedExample(({ nodes }) => Object.assign(nodes.photos?.params ?? {}, { loop: true }))

async function startDevice(
  kind: 'server' | 'agent',
  dataDir: string,
): Promise<Started & { address: string; pid: number }> {
  const started = startColliflow([kind, '--port', '0', '--json', '--data-dir', dataDir])
  onTestFinished(() => void started.child.kill('SIGKILL'))
  const { address, pid } = await started.next('listening')
  return { ...started, address: String(address), pid: Number(pid) }
}

const resultsOf = (lines: readonly Record<string, unknown>[]) => lines.filter(({ type }) => type === 'result')

describe('a run and its devices', () => {
  it('two runs that begin at once with an empty cache share it and both succeed', async () => {
    const env = { COLLIFLOW_HOME: tempFolder() }
    const both = await Promise.all([0, 1].map(() => colliflow(['run', example, '--json'], { env })))
    expect(both.map(({ exitCode, lines }) => [exitCode, resultsOf(lines).length, lines.at(-1)?.type])).toEqual([
      [0, 6, 'summary'],
      [0, 6, 'summary'],
    ])
  })

  it.runIf(process.platform !== 'win32')(
    'Ctrl+C in a terminal, which reaches every process, still ends with the summary',
    async () => {
      const running = startColliflow(['run', endless(), '--json'], { detached: true })
      await running.next('result')
      process.kill(-Number(running.child.pid), 'SIGINT')
      const { exitCode, lines } = await running.finished
      expect(lines.slice(-2)).toMatchObject([{ type: 'summary' }, { type: 'error', code: 'run.cancelled' }])
      expect(exitCode).toBe(1)
    },
  )

  it.runIf(process.platform !== 'win32').each(['server', 'agent'] as const)(
    'a %s that falls silent ends the run with device.disconnected, and the other device serves the next',
    async (victim) => {
      const dataDir = tempFolder()
      const server = await startDevice('server', join(dataDir, 'server'))
      const agent = await startDevice('agent', join(dataDir, 'agent'))
      const at = (phone: string, cloud: string) => ['--device', `phone=${phone}`, '--device', `server=${cloud}`]
      const running = startColliflow(['run', endless(), '--json', ...at(agent.address, server.address)])
      await running.next('result')
      const { pid } = victim === 'server' ? server : agent
      process.kill(pid, 'SIGSTOP')
      const { exitCode, lines } = await running.finished
      process.kill(pid, 'SIGKILL')
      expect(exitCode).toBe(1)
      expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'device.disconnected' })
      const fresh = await startDevice(victim, join(dataDir, 'fresh'))
      const [phone, cloud] = victim === 'agent' ? [fresh, server] : [agent, fresh]
      const next = await colliflow(['run', example, '--json', ...at(phone.address, cloud.address)])
      expect([next.exitCode, resultsOf(next.lines).length]).toEqual([0, 6])
    },
  )

  it('a device that cannot store says file.write-failed', async () => {
    const file = join(tempFolder(), 'file')
    writeFileSync(file, '')
    const server = await startDevice('server', join(file, 'data'))
    const { exitCode, lines } = await colliflow(['run', example, '--json', '--device', `server=${server.address}`])
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'file.write-failed' })
  })

  it('a network that fails on a frame names the device, the node and the photo', async () => {
    const withoutCrop = changedExample((document) => {
      delete document.nodes.crop
      document.wires = document.wires.filter(({ from, to }) => !from.startsWith('crop.') && !to.startsWith('crop.'))
      document.wires.push({ from: 'photos.image', to: 'scale.image' })
    })
    const { exitCode, lines } = await colliflow(['run', withoutCrop, '--json'])
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({
      code: 'model.run-failed',
      message: expect.stringMatching(/^On phone: Node front, on bird\.png: /),
    })
  })

  it('a port that is in use is device.port-in-use', async () => {
    const server = await startDevice('server', tempFolder())
    const { exitCode, lines } = await colliflow(['server', '--json', '--port', new URL(server.address).port])
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'device.port-in-use' })
  })
})

describe('graphs of several transports', () => {
  it.each<[string, number, (document: Document) => void]>([
    [
      'three devices in a row, over both transports',
      6,
      ({ devices, nodes, wires }) => {
        devices.box = { role: 'edge' }
        for (const id of ['front', 'pack']) Object.assign(nodes[id] ?? {}, { device: 'box' })
        Object.assign(nodes.link ?? {}, { from: 'box' })
        nodes.first = { kind: 'websocket-transport', from: 'phone', to: 'box', params: {} }
        Object.assign(wires.find(({ to }) => to === 'front.input') ?? {}, { from: 'first.out' })
        wires.push({ from: 'scale.tensor', to: 'first.in' })
      },
    ],
    [
      'there and back between two devices, the answer on the phone',
      6,
      ({ nodes, wires }) => {
        nodes.home = { kind: 'websocket-transport', from: 'server', to: 'phone', params: {} }
        Object.assign(nodes.result ?? {}, { device: 'phone' })
        Object.assign(wires.find(({ to }) => to === 'result.value') ?? {}, { from: 'home.out' })
        wires.push({ from: 'top3.labels', to: 'home.in' })
      },
    ],
    [
      'one stream over two transports, with outputs on both devices',
      18,
      ({ nodes, wires }) => {
        nodes.aside = { kind: 'websocket-transport', from: 'phone', to: 'server', params: {} }
        nodes.there = { kind: 'graph-output', device: 'server', params: {} }
        nodes.here = { kind: 'graph-output', device: 'phone', params: {} }
        wires.push({ from: 'crop.image', to: 'aside.in' }, { from: 'aside.out', to: 'there.value' })
        wires.push({ from: 'crop.image', to: 'here.value' })
      },
    ],
  ])('%s', async (_what, results, change) => {
    const { exitCode, lines } = await colliflow(['run', changedExample(change), '--json'])
    expect([exitCode, resultsOf(lines).length, lines.at(-1)?.type]).toEqual([0, results, 'summary'])
  })
})

describe('what is no device', () => {
  it('a web server is device.unreachable', async () => {
    const web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
    onTestFinished(() => void web.close())
    await new Promise((resolve) => web.once('listening', resolve))
    const { port } = web.address() as AddressInfo // it listens on TCP
    const { exitCode, lines } = await colliflow(['run', example, '--json', '--device', `server=ws://127.0.0.1:${port}`])
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'device.unreachable' })
  })

  const capabilities = {
    ...{ name: 'x', role: 'cloud', runtime: 'x', kinds: [], listens: [], dials: [], maxBlobBytes: 1, maxFrameBytes: 1 },
  }
  it.each<[string, string | undefined, string]>([
    ['a WebSocket server that says nothing', undefined, 'device.unreachable'],
    ['one that says something else', 'hello', 'wire.message-invalid'],
    [
      'a device of version 99',
      JSON.stringify({ type: 'reply', id: 1, result: { version: 99, capabilities } }),
      'wire.version-unsupported',
    ],
  ])('%s', async (_what, answer, code) => {
    const strange = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => {
      for (const client of strange.clients) client.terminate()
      strange.close()
    })
    await new Promise((resolve) => strange.once('listening', resolve))
    strange.on('connection', (client) => client.on('message', () => answer !== undefined && client.send(answer)))
    const { port } = strange.address() as AddressInfo // it listens on TCP
    const { exitCode, lines } = await colliflow(['run', example, '--json', '--device', `server=ws://127.0.0.1:${port}`])
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'error', code })
  })
})
