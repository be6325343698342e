import { readdir } from 'node:fs/promises'
import { uncutGraph } from '../../shared/deploy/uncutGraph.ts'
import { AppError } from '../../shared/errors/appError.ts'
import type { DeviceId, Graph } from '../../shared/graph/graph.ts'
import { createKindRegistry, nodeKinds } from '../../shared/node-kinds/index.ts'
import { labelsOf, type TopLabel } from '../../shared/node-kinds/topLabels.ts'
import { percentile } from '../../shared/profile/percentile.ts'
import type { ModelLibrary } from '../models/modelLibrary.ts'
import { connectDevices } from '../run/connectDevices.ts'
import { planRun } from '../run/planRun.ts'
import { type OutputFrame, runGraph } from '../run/runGraph.ts'
import { withPhotos } from './calibrateGraph.ts'

export interface Evaluation {
  readonly frames: number
  /** Share of the labelled frames whose best label (one of whose five best) is the true class. */
  readonly top1: number
  readonly top5: number
  /** Share of the frames whose best label is also that of the uncut network on the same picture. */
  readonly agreement: number
  readonly wireBytesPerFrame: number
  readonly latencyMs: { readonly p50: number; readonly p95: number }
  /** The uncut network on the same pictures, for the difference. */
  readonly uncut: { readonly top1: number; readonly top5: number }
  readonly skipped: number
}

export interface EvaluationRequest {
  readonly graph: Graph
  readonly folder: string
  readonly photos: string
  readonly labels: ReadonlyMap<string, number>
  readonly library: ModelLibrary
  readonly addresses: ReadonlyMap<DeviceId, string>
  readonly outputDir: string
  readonly signal: AbortSignal
  onProgress?(phase: 'graph' | 'uncut network', frames: number): void
  onWarning?(message: string): void
}

/**
 * Runs a graph over labelled pictures and the network that it cuts, uncut and on one device, over the same ones.
 * Every wire blocks with one slot meanwhile: no picture is lost, and latency holds little waiting. Of several outputs
 * with labels, the last answer about a picture counts.
 * Fails with `usage.invalid` if the labels are those of other pictures, `graph.no-output` if nothing gives labels, and
 * with what planning or running a graph fails.
 */
export async function evaluateGraph(request: EvaluationRequest): Promise<Evaluation> {
  await refuseOtherLabels(request)
  const graph = withFiveLabels(blocking(withPhotos(request.graph, request.photos)))
  const answers = await answersOf(graph, request, 'graph', request.addresses)
  const whole = uncutGraph(graph, createKindRegistry(nodeKinds))
  const reference = await answersOf(whole, request, 'uncut network', new Map())
  const labelled = [...answers.values()].filter(({ source }) => request.labels.has(source))
  if (labelled.length === 0) {
    throw otherLabels(request)
  }
  const latencies = [...answers.values()].map(({ latencyMs }) => latencyMs)
  const agreeing = [...answers.values()].filter(
    ({ source, classes }) => classes[0] !== undefined && reference.get(source)?.classes[0] === classes[0],
  )
  return {
    frames: answers.size,
    top1: accuracy(labelled, request.labels, 1),
    top5: accuracy(labelled, request.labels, 5),
    agreement: agreeing.length / answers.size,
    wireBytesPerFrame: [...answers.values()].reduce((sum, { wireBytes }) => sum + wireBytes, 0) / answers.size,
    latencyMs: { p50: percentile(latencies, 0.5), p95: percentile(latencies, 0.95) },
    uncut: {
      top1: accuracy([...reference.values()], request.labels, 1),
      top5: accuracy([...reference.values()], request.labels, 5),
    },
    skipped: answers.skipped,
  }
}

/** Before minutes are spent on running them. A folder that cannot be read is reported by the run. */
async function refuseOtherLabels(request: EvaluationRequest): Promise<void> {
  const names = await readdir(request.photos).catch(() => undefined)
  if (names !== undefined && !names.some((name) => request.labels.has(name))) throw otherLabels(request)
}

function otherLabels({ photos, labels }: EvaluationRequest): AppError {
  const [first] = labels.keys()
  const named = first === undefined ? 'it has no lines' : `it names ${labels.size} files, ${first} for instance`
  return new AppError(
    'usage.invalid',
    `The label file has no picture of ${photos}: ${named}. Give the two that belong together.`,
  )
}

interface Answer {
  readonly source: string
  /** Best classes first, 0-based as in the label file. */
  readonly classes: readonly number[]
  readonly latencyMs: number
  readonly wireBytes: number
}

class Answers extends Map<string, Answer> {
  skipped = 0
}

async function answersOf(
  graph: Graph,
  request: EvaluationRequest,
  phase: 'graph' | 'uncut network',
  addresses: ReadonlyMap<DeviceId, string>,
): Promise<Answers> {
  const { signal, outputDir } = request
  request.onProgress?.(phase, 0)
  const plan = await planRun(graph, nodeKinds, request)
  const devices = await connectDevices({ graph, needed: plan.partition.devices, addresses, outputDir, signal })
  const answers = new Answers()
  try {
    await runGraph({
      plan,
      devices,
      signal,
      onOutput: (frame) => {
        const answer = toAnswer(frame)
        if (answer !== undefined) answers.set(answer.source, answer)
        request.onProgress?.(phase, answers.size)
      },
      onLog: ({ level, code, message }) => {
        if (code?.startsWith('image.')) answers.skipped++
        if (level !== 'info' && phase === 'graph') request.onWarning?.(message)
      },
    })
  } finally {
    await Promise.all([...devices.values()].map((device) => device.close()))
  }
  if (signal.aborted) throw signal.reason
  if (answers.size > 0) return answers
  throw new AppError(
    'graph.no-output',
    'The graph gave no labels to evaluate. It needs a top-labels node whose answer reaches a graph-output.',
  )
}

function toAnswer(frame: OutputFrame): Answer | undefined {
  const { tensor, source, latencyMs, wireBytes } = frame
  const labels = labelsOf(tensor)
  if (source === undefined || labels === undefined) return undefined
  return { source, classes: labels.map(classOf), latencyMs, wireBytes }
}

/** The class as a label file counts it: without the background class, which becomes -1. */
function classOf({ index, background }: TopLabel): number {
  return background ? index - 1 : index
}

function accuracy(answers: readonly Answer[], labels: ReadonlyMap<string, number>, k: number): number {
  const labelled = answers.filter(({ source }) => labels.has(source))
  const right = labelled.filter(({ source, classes }) => classes.slice(0, k).includes(labels.get(source) ?? -1))
  return labelled.length === 0 ? 0 : right.length / labelled.length
}

function blocking(graph: Graph): Graph {
  return { ...graph, wires: graph.wires.map((wire) => ({ ...wire, policy: { kind: 'block', capacity: 1 } })) }
}

function withFiveLabels(graph: Graph): Graph {
  const nodes = Object.entries(graph.nodes).map(([id, node]) => {
    const k = typeof node.params.k === 'number' ? node.params.k : 0
    return [id, node.kind === 'top-labels' ? { ...node, params: { ...node.params, k: Math.max(k, 5) } } : node]
  })
  return { ...graph, nodes: Object.fromEntries(nodes) }
}
