import { dirname, resolve } from 'node:path'
import { readGraphFile } from '../host/documents/graphFile.ts'
import { createModelLibrary } from '../host/models/modelLibrary.ts'
import { connectDevices } from '../host/run/connectDevices.ts'
import { planRun } from '../host/run/planRun.ts'
import { type OutputFrame, type RunReport, runGraph } from '../host/run/runGraph.ts'
import { AppError } from '../shared/errors/appError.ts'
import { unwrap } from '../shared/errors/result.ts'
import type { DeviceId, Graph, NodeId } from '../shared/graph/graph.ts'
import { createTopology } from '../shared/graph/topology.ts'
import { nodeKinds } from '../shared/node-kinds/index.ts'
import { labelsOf } from '../shared/node-kinds/topLabels.ts'
import { LogHistogram } from '../shared/profile/logHistogram.ts'
import { type CommandContext, runCommand } from './commandContext.ts'
import { formatBytes, formatMs, formatTable } from './format.ts'
import { formatAnswer } from './formatAnswer.ts'
import { showDeployProgress } from './showDeployProgress.ts'

export interface RunOptions {
  readonly input?: readonly string[]
  readonly device?: readonly string[]
  readonly outputDir: string
  readonly json?: boolean
}

/** `colliflow run FILE`: deploys the graph, prints each answer as it comes, and a summary of what was measured. */
export async function run(file: string, options: RunOptions): Promise<void> {
  await runCommand(options, async (context) => {
    const written = unwrap(await readGraphFile(file))
    const graph = withInputs(written, options.input ?? [])
    context.progress.show('Reading what the graph names ...')
    const plan = await planRun(graph, nodeKinds, { library: createModelLibrary(), folder: dirname(resolve(file)) })
    for (const { at, message } of plan.warnings) context.note(`warning: ${at}: ${message}`)
    const order = createTopology(graph).order
    context.progress.show(`Reaching ${plan.partition.devices.join(', ')} ...`)
    const devices = await connectDevices({
      graph,
      needed: plan.partition.devices,
      addresses: parseAddresses(options.device ?? []),
      outputDir: resolve(options.outputDir),
      signal: context.signal,
    })
    const measures = new AnswerMeasures()
    try {
      describePlan(context, graph, order, devices)
      let skipped = 0
      const report = await runGraph({
        plan,
        devices,
        signal: context.signal,
        onProgress: showDeployProgress(context),
        onLog: ({ device, node, level, code, message }) => {
          if (level === 'info') return
          if (code?.startsWith('image.')) skipped++
          context.note(`${level}: ${node ?? device}: ${message}`)
        },
        onOutput: (frame) => {
          measures.add(frame)
          printFrame(context, frame)
        },
      })
      summarise(context, measures, report, skipped, order)
    } finally {
      await Promise.all([...devices.values()].map((device) => device.close()))
    }
    if (context.signal.aborted) throw context.signal.reason
    return 0
  })
}

/** Gives the image sources another folder: "DIR" for the only one, "node=DIR" by name; relative to the current folder. */
export function withInputs(graph: Graph, inputs: readonly string[]): Graph {
  const sources = Object.entries(graph.nodes).filter(([, node]) => node.kind === 'image-folder')
  const nodes = { ...graph.nodes }
  for (const input of inputs) {
    const named = /^([A-Za-z][\w-]*)=(.+)$/.exec(input)
    const [id, node] = (named === null ? sources[0] : sources.find(([each]) => each === named[1])) ?? []
    if (id === undefined || node === undefined || (named === null && sources.length !== 1)) {
      const names = sources.map(([each]) => each).join(', ') || 'none'
      const message = `--input ${input}: expected ${sources.length === 1 ? 'DIR' : 'NODE=DIR'}; image sources of this graph: ${names}.`
      throw new AppError('usage.invalid', message)
    }
    nodes[id] = { ...node, params: { ...node.params, path: resolve(named?.[2] ?? input) } }
  }
  return { ...graph, nodes }
}

/** "phone=ws://127.0.0.1:6001" per entry. Fails with usage.invalid. */
export function parseAddresses(entries: readonly string[]): ReadonlyMap<DeviceId, string> {
  return new Map(
    entries.map((entry) => {
      const parts = /^([^=]+)=(.+)$/.exec(entry)
      if (parts?.[1] !== undefined && parts[2] !== undefined) return [parts[1], parts[2]] as const
      const message = `--device ${entry}: expected ID=ADDRESS, e.g. server=ws://127.0.0.1:5678.`
      throw new AppError('usage.invalid', message)
    }),
  )
}

function describePlan(
  context: CommandContext,
  graph: Graph,
  order: readonly NodeId[],
  devices: ReadonlyMap<DeviceId, { readonly name: string }>,
): void {
  context.note(graph.title)
  for (const [id, device] of devices) {
    const own = order.filter(
      (node) => (graph.nodes[node]?.device ?? id) === id && graph.nodes[node]?.from === undefined,
    )
    context.note(`  ${device.name}: ${own.join(', ')}`)
  }
}

function printFrame(context: CommandContext, frame: OutputFrame): void {
  const { seq, source, latencyMs, wireBytes } = frame
  const labels = labelsOf(frame.tensor) ?? []
  context.emit({ type: 'result', seq, source: source ?? null, output: frame.output, labels, latencyMs, wireBytes })
  if (context.json) return
  const name = (source ?? `#${seq}`).padEnd(20)
  const measured = `${formatMs(latencyMs).padStart(8)}  ${formatBytes(wireBytes).padStart(8)}`
  context.print(`${name}${measured}   ${formatAnswer(frame.tensor)}`)
}

function summarise(
  context: CommandContext,
  measures: AnswerMeasures,
  report: RunReport,
  skipped: number,
  order: readonly NodeId[],
): void {
  const { frames, wireBytesPerFrame, latencyMs } = measures.total()
  const nodes = Object.fromEntries(
    Object.entries(report.nodes).map(([id, { device, computeMs }]) => [
      id,
      { device, p50Ms: computeMs.p50, p95Ms: computeMs.p95 },
    ]),
  )
  context.emit({ type: 'summary', frames, skipped, wireBytesPerFrame, latencyMs, nodes })
  if (context.json) return
  context.print('')
  context.print(
    `${frames} ${frames === 1 ? 'frame' : 'frames'}` +
      (skipped > 0 ? `, ${skipped} skipped` : '') +
      ` · ${formatBytes(wireBytesPerFrame)} a frame on the wire` +
      ` · latency p50 ${formatMs(latencyMs.p50)}, p95 ${formatMs(latencyMs.p95)}`,
  )
  context.print('')
  const rows = order.flatMap((id) => {
    const node = nodes[id]
    return node === undefined ? [] : [[id, node.device, formatMs(node.p50Ms), formatMs(node.p95Ms)]]
  })
  for (const line of formatTable(['node', 'device', 'work p50', 'p95'], rows)) context.print(line)
}

/** What is kept of the answers: an endless run prints every one of them and takes no more memory than a short one. */
class AnswerMeasures {
  readonly #latencyNs = new LogHistogram()
  #wireBytes = 0

  add({ latencyMs, wireBytes }: OutputFrame): void {
    this.#latencyNs.add(latencyMs * 1e6)
    this.#wireBytes += wireBytes
  }

  /** Percentiles are within 2 %; all is 0 if there was no answer. */
  total() {
    const { count, p50, p95 } = this.#latencyNs.toDistribution(1e-6)
    return { frames: count, wireBytesPerFrame: count === 0 ? 0 : this.#wireBytes / count, latencyMs: { p50, p95 } }
  }
}
