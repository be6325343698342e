import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { colliflow, type Finished, repository } from './support/colliflow.ts'
import { devicesOf, type ListedCut, splitGraph } from './support/splitGraph.ts'
import { tempFolder } from './support/tempFolder.ts'

const shared = resolve(repository, '../shared')
const free = join(shared, 'photos/free')
const val300 = join(shared, 'photos/val300')

const presets = { mobilenet_v1: 'imagenet-tf', mobilenet_v2: 'imagenet-tf', resnet50: 'imagenet-caffe' } as const
type ModelName = keyof typeof presets

/** A cut as `models cuts` prints it, with the bytes of its raw tensors for one picture. */
interface Cut extends ListedCut {
  readonly bytes: number
}

interface Answer {
  readonly best: string
  readonly wireBytes: number
}

if (!existsSync(shared)) console.log(`${shared} is absent: cuts of three networks over photographs are not tested.`)

describe.runIf(existsSync(shared))('networks cut in two or three, as a user would', () => {
  const env = { COLLIFLOW_HOME: mkdtempSync(join(tmpdir(), 'colliflow-cuts-')) }
  /** Other pictures than those that are answered. */
  const calibrationPhotos = join(env.COLLIFLOW_HOME, 'calibration-photos')
  const cuts = new Map<ModelName, ReadonlyMap<string, Cut>>()
  const uncut = new Map<ModelName, ReadonlyMap<string, Answer>>()

  beforeAll(async () => {
    for (const name of ['mobilenet_v1', 'resnet50'] as const) {
      const file = join(shared, `models/${name}.onnx`)
      await succeed(['models', 'add', file, '--preset', presets[name], '--labels', 'imagenet', '--json'])
    }
    for (const name of ['mobilenet_v1', 'mobilenet_v2', 'resnet50'] as const) {
      const { lines } = await succeed(['models', 'cuts', name, '--json'])
      cuts.set(name, new Map((lines as unknown as Cut[]).map((cut) => [cut.id, cut]))) // the command's contract
      uncut.set(name, answersOf(await succeed(['run', writeGraph(name, []), '--json'])))
    }
    copyPhotos(calibrationPhotos, 6)
  }, 60_000)

  afterAll(() => rmSync(env.COLLIFLOW_HOME, { recursive: true, force: true }))

  it.each<[ModelName, string[]]>([
    ['mobilenet_v1', ['t57']],
    ['mobilenet_v1', ['t69_lin']],
    ['mobilenet_v1', ['t85']],
    ['mobilenet_v2', ['block2/project']],
    ['mobilenet_v2', ['features_lin']],
    ['mobilenet_v2', ['block5/add+block6/expand_lin']],
    ['mobilenet_v2', ['block5/add', 'block13/add']],
    ['resnet50', ['max_pooling2d+activation_1']],
    ['resnet50', ['activation_21']],
    ['resnet50', ['avg_pool']],
  ])('%s cut at %j gives the labels of the uncut network on every photo', async (model, ids) => {
    const chosen = ids.map((id) => cutOf(model, id))
    const file = writeGraph(model, chosen)
    await succeed(['calibrate', file, '--photos', calibrationPhotos, '--json'])
    const finished = await succeed(['run', file, '--json'])
    const answers = answersOf(finished)
    const raw = chosen.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(bestOf(answers)).toEqual(bestOf(uncut.get(model) ?? new Map()))
    for (const { wireBytes } of answers.values()) {
      expect(wireBytes).toBeGreaterThan(0)
      expect(wireBytes).toBeLessThan(raw / 3)
    }
    const nodes = Object.fromEntries(devicesOf({ cuts: chosen }).map((device, part) => [`part-${part}`, { device }]))
    expect(finished.lines.at(-1)).toMatchObject({ type: 'summary', frames: 6, skipped: 0, nodes })
  })

  it('mobilenet_v2 and its example reach the reference accuracy, agree, and fit into 6000 bytes a photo', async () => {
    const example = join(repository, 'examples/photo-split.graph.json')
    const labels = join(val300, 'labels.csv')
    const { lines } = await succeed(['evaluate', example, '--photos', val300, '--labels', labels, '--json'])
    const { frames, top1, agreement, wireBytesPerFrame, uncut: whole } = lines.at(-1) ?? {}
    const uncutTop1 = Number((whole as { top1: number }).top1) // the command's contract
    expect(frames).toBe(300)
    expect(Math.abs(uncutTop1 - 0.77)).toBeLessThanOrEqual(0.015)
    expect(Math.abs(Number(top1) - uncutTop1)).toBeLessThanOrEqual(0.02)
    expect(agreement).toBeGreaterThanOrEqual(0.96)
    expect(wireBytesPerFrame).toBeLessThanOrEqual(6000)
  })

  async function succeed(args: readonly string[]): Promise<Finished> {
    const finished = await colliflow(args, { env })
    expect(finished, `colliflow ${args.join(' ')}`).toMatchObject({ exitCode: 0 })
    return finished
  }

  function cutOf(model: ModelName, id: string): Cut {
    const cut = cuts.get(model)?.get(id)
    if (cut === undefined) throw new Error(`models cuts ${model} does not list ${id}`)
    return cut
  }

  /** A calibrated or uncut graph beside which its calibrations have room. */
  function writeGraph(model: ModelName, chosen: readonly Cut[]): string {
    const folder = chosen.length > 0 ? tempFolder() : env.COLLIFLOW_HOME
    const file = join(folder, `${model}.graph.json`)
    const graph = splitGraph({ model, preset: presets[model], cuts: chosen, levels: 64, photos: free })
    writeFileSync(file, JSON.stringify(graph))
    return file
  }
})

function copyPhotos(folder: string, count: number): void {
  mkdirSync(folder)
  const pictures = readdirSync(val300).filter((name) => name.endsWith('.JPEG'))
  for (const name of pictures.sort().slice(0, count)) copyFileSync(join(val300, name), join(folder, name))
}

function answersOf({ lines }: Finished): ReadonlyMap<string, Answer> {
  const results = lines.filter(({ type }) => type === 'result')
  expect(results).toHaveLength(6)
  return new Map(
    results.map(({ source, labels, wireBytes }) => {
      const [first] = labels as { label: string }[] // the command's contract
      return [String(source), { best: String(first?.label), wireBytes: Number(wireBytes) }]
    }),
  )
}

function bestOf(answers: ReadonlyMap<string, Answer>): Readonly<Record<string, string>> {
  return Object.fromEntries([...answers].map(([source, { best }]) => [source, best]))
}
