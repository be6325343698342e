import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { colliflow, repository, startColliflow } from '../support/colliflow.ts'
import { tempFolder } from '../support/tempFolder.ts'

const example = join(repository, 'examples/photo-split.graph.json')
const photos = join(repository, 'models/photos')

/** What each sample photo shows, as one of its three best labels. */
const shown: Readonly<Record<string, RegExp>> = {
  'grace_hopper.png': /military uniform/,
  'hot_dog.jpg': /hotdog/,
  'cat_720p.jpg': /cat|tabby/,
  'parrot.jpg': /macaw|lorikeet/,
  'sunflower.png': /daisy/,
  'bird.png': /chickadee|brambling|junco|bulbul|jay|house finch|indigo bunting|robin|goldfinch/,
}

/** The example, in a folder of its own, with changes to single nodes' params. */
function exampleWith(changes: Readonly<Record<string, object>>): string {
  const folder = tempFolder()
  const document = JSON.parse(readFileSync(example, 'utf8'))
  for (const [id, params] of Object.entries(changes)) Object.assign(document.nodes[id].params, params)
  cpSync(join(repository, 'examples/calibrations'), join(folder, 'calibrations'), { recursive: true })
  const file = join(folder, 'changed.graph.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

function labelsOf(line: Record<string, unknown>): string {
  return (line.labels as { label: string }[]).map(({ label }) => label).join(', ')
}

describe('colliflow run', () => {
  it('names what the sample photos show, with bytes and timings, on embedded devices', async () => {
    const { exitCode, lines, stderr } = await colliflow(['run', example, '--json'])
    expect(stderr).not.toContain('error')
    expect(exitCode).toBe(0)
    const results = lines.filter(({ type }) => type === 'result')
    expect(results.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5])
    for (const result of results) {
      expect(labelsOf(result)).toMatch(shown[String(result.source)] ?? /never/)
      expect(result.latencyMs).toBeGreaterThan(0)
      expect(result.wireBytes).toBeGreaterThan(500)
      expect(result.wireBytes).toBeLessThan(8 * 1024)
    }
    const summary = lines.at(-1)
    expect(summary).toMatchObject({
      type: 'summary',
      frames: 6,
      nodes: {
        front: { device: 'phone', p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
        pack: { device: 'phone' },
        unpack: { device: 'server' },
        back: { device: 'server' },
      },
    })
    const bytes = results.map(({ wireBytes }) => Number(wireBytes))
    expect(summary?.wireBytesPerFrame).toBeCloseTo(bytes.reduce((sum, each) => sum + each, 0) / bytes.length, 6)
  })

  it('gives the same answers on a server and an agent that were started by hand, twice on the same blank pair', async () => {
    const folder = tempFolder()
    const server = startColliflow(['server', '--port', '0', '--json', '--data-dir', join(folder, 'server')])
    const agent = startColliflow(['agent', '--port', '0', '--json', '--data-dir', join(folder, 'agent')])
    const [serverAt, agentAt] = await Promise.all([server.next('listening'), agent.next('listening')])
    const devices = ['--device', `server=${serverAt.address}`, '--device', `phone=${agentAt.address}`]
    const byHand = await colliflow(['run', example, '--json', ...devices])
    const again = await colliflow(['run', example, '--json', ...devices])
    const embedded = await colliflow(['run', example, '--json'])
    const answers = ({ lines }: typeof byHand) =>
      lines
        .filter(({ type }) => type === 'result')
        .map(({ source, labels, wireBytes }) => ({ source, labels, wireBytes }))
    expect(answers(byHand)).toHaveLength(6)
    expect(answers(byHand)).toEqual(answers(embedded))
    expect(answers(again)).toEqual(answers(embedded))
    server.child.kill('SIGINT')
    agent.child.kill('SIGTERM')
    expect((await server.finished).exitCode).toBe(0)
    expect((await agent.finished).exitCode).toBe(0)
  })

  it('skips a file that is not a picture with a warning, counts it, and goes on', async () => {
    const folder = join(tempFolder(), 'photos')
    mkdirSync(folder)
    copyFileSync(join(photos, 'parrot.jpg'), join(folder, 'c.jpg'))
    writeFileSync(join(folder, 'b.jpg'), 'this is not a picture')
    writeFileSync(join(folder, 'notes.txt'), 'not looked at')
    const { exitCode, lines, stderr } = await colliflow(['run', example, '--input', folder, '--json'])
    expect(exitCode).toBe(0)
    expect(lines.filter(({ type }) => type === 'result').map(({ source, seq }) => [source, seq])).toEqual([
      ['c.jpg', 1],
    ])
    expect(lines.at(-1)).toMatchObject({ type: 'summary', frames: 1, skipped: 1 })
    expect(stderr).toContain('b.jpg')
  })

  it('ends with exit code 1 and device.disconnected when the server dies while frames flow', async () => {
    const server = startColliflow(['server', '--port', '0', '--json', '--data-dir', join(tempFolder(), 'data')])
    const { address } = await server.next('listening')
    const running = startColliflow([
      'run',
      exampleWith({ photos: { path: photos, loop: true } }),
      '--json',
      '--device',
      `server=${address}`,
    ])
    await running.next('result')
    process.kill(Number((await server.next('listening')).pid), 'SIGKILL')
    const { exitCode, lines } = await running.finished
    expect(exitCode).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'device.disconnected' })
    await server.finished
  })

  it('stops an endless run at Ctrl+C, prints the summary, and leaves no process behind', async () => {
    const running = startColliflow(['run', exampleWith({ photos: { path: photos, loop: true } }), '--json'])
    await running.next('result')
    running.child.kill('SIGINT')
    const { exitCode, lines } = await running.finished
    expect(lines.at(-2)).toMatchObject({ type: 'summary' })
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'run.cancelled' })
    expect(exitCode).toBe(1)
  })

  it.each([
    ['a device that does not answer', [example, '--device', 'server=ws://127.0.0.1:1'], 'device.unreachable', 1],
    ['an address that is none', [example, '--device', 'server=banana'], 'usage.invalid', 2],
    ['a device that the graph does not have', [example, '--device', 'fridge=ws://127.0.0.1:1'], 'usage.invalid', 2],
    ['a file that is not there', ['nowhere.graph.json'], 'file.not-found', 1],
    ['an input folder without pictures', [example, '--input', 'docs/adr'], 'file.not-found', 1],
    ['a missing argument', [], 'usage.invalid', 2],
    ['an unknown option', [example, '--nonsense'], 'usage.invalid', 2],
  ])('says %s with its code as the last line', async (_what, args, code, exitCode) => {
    const finished = await colliflow(['run', ...args, '--json'])
    expect(finished.lines.at(-1)).toMatchObject({ type: 'error', code, message: expect.any(String) })
    expect(finished.exitCode).toBe(exitCode)
  })
})
