import { calibrate } from '../../shared/codecs/calibrate.ts'
import { upstreamGraph } from '../../shared/deploy/upstreamGraph.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { applyGraphChange } from '../../shared/graph/applyGraphChange.ts'
import type { Graph, NodeId } from '../../shared/graph/graph.ts'
import { parsePortRef } from '../../shared/graph/portRef.ts'
import { createTopology } from '../../shared/graph/topology.ts'
import { createKindRegistry, nodeKinds } from '../../shared/node-kinds/index.ts'
import { quantizeRans } from '../../shared/node-kinds/quantizeRans/quantizeRans.ts'
import { type ReadRange, readRange } from '../../shared/onnx/readRange.ts'
import type { TensorSpec } from '../../shared/tensor/tensorSpec.ts'
import { writeCalibrationFile } from '../documents/calibrationFile.ts'
import type { ModelLibrary } from '../models/modelLibrary.ts'
import { connectDevices } from '../run/connectDevices.ts'
import { planRun } from '../run/planRun.ts'
import { runGraph } from '../run/runGraph.ts'

export interface CalibrationOutcome {
  readonly node: NodeId
  readonly hash: string
  readonly photos: number
  readonly levels: number
}

/** Values are kept in memory until the tables are fitted; beyond this, more pictures hardly change them. */
const maxSampleBytes = 1024 ** 3

/**
 * Fits every quantise-rans node of a graph on pictures: runs what lies before it on this computer, collects its input
 * tensors, fits clip and tables, stores them beside the graph and names them in the node. Gives the changed graph.
 * Fails with graph.* (also when no picture gave a tensor), file.*, model.* or what broke the run, and `run.cancelled`.
 */
export async function calibrateGraph(request: {
  readonly graph: Graph
  readonly folder: string
  readonly photos: string
  readonly library: ModelLibrary
  readonly signal: AbortSignal
  onProgress?(node: NodeId, photos: number, step: 'collect' | 'fit'): void
}): Promise<{ readonly graph: Graph; readonly outcomes: readonly CalibrationOutcome[] }> {
  let graph = request.graph
  const outcomes: CalibrationOutcome[] = []
  // In the order of flow: what one coder calibrates, the next one behind it may need.
  const coders = createTopology(graph).order.filter((id) => graph.nodes[id]?.kind === quantizeRans.id)
  if (coders.length === 0) {
    throw new AppError(
      'graph.calibration-missing',
      'The graph has no quantize-rans node, the only kind that is calibrated.',
    )
  }
  for (const node of coders) {
    const levels = levelsOf(graph, node)
    const samples = await collectInputs(request, graph, node)
    request.onProgress?.(node, samples.values.length, 'fit')
    const range = await rangeBehind(request.library, graph, node)
    const calibration = unwrap(calibrate(samples.values, samples.spec, { levels, ...(range && { range }) }))
    const hash = await writeCalibrationFile(request.folder, calibration)
    graph = unwrap(applyGraphChange(graph, { type: 'set-param', id: node, name: 'calibration', value: hash })).graph
    outcomes.push({ node, hash, photos: samples.values.length, levels })
  }
  return { graph, outcomes }
}

function levelsOf(graph: Graph, node: NodeId): number {
  const params = quantizeRans.params.safeParse(graph.nodes[node]?.params)
  if (params.success) return params.data.levels
  const [issue] = params.error.issues
  const message = `nodes.${node}.params.${issue?.path.join('.')}: ${issue?.message}. Correct it, then calibrate.`
  throw new AppError('graph.params-invalid', message, { cause: params.error })
}

interface Samples {
  readonly spec: TensorSpec
  readonly values: readonly Float32Array[]
}

async function collectInputs(
  request: {
    readonly folder: string
    readonly photos: string
    readonly library: ModelLibrary
    readonly signal: AbortSignal
    onProgress?(node: NodeId, photos: number, step: 'collect' | 'fit'): void
  },
  graph: Graph,
  node: NodeId,
): Promise<Samples> {
  const { signal } = request
  const upstream = unwrap(upstreamGraph(graph, `${node}.tensor`, createKindRegistry(nodeKinds)))
  const plan = await planRun(withPhotos(upstream, request.photos), nodeKinds, request)
  const devices = await connectDevices({
    graph: plan.graph,
    needed: plan.partition.devices,
    addresses: new Map(),
    outputDir: request.folder,
    signal,
  })
  request.onProgress?.(node, 0, 'collect')
  const values: Float32Array[] = []
  let shape: readonly number[] = []
  let bytes = 0
  try {
    await runGraph({
      plan,
      devices,
      signal,
      onOutput: ({ tensor }) => {
        if (tensor.dtype !== 'float32') return
        shape = tensor.shape
        bytes += tensor.data.byteLength
        if (bytes <= maxSampleBytes) values.push(tensor.data)
        request.onProgress?.(node, values.length, 'collect')
      },
    })
  } finally {
    await Promise.all([...devices.values()].map((device) => device.close()))
  }
  if (signal.aborted) throw signal.reason
  if (values.length > 0) return { spec: { dtype: 'float32', shape }, values }
  const message = `None of the pictures in ${request.photos} gave a tensor at ${node}; are they pictures?`
  throw new AppError('graph.calibration-missing', message)
}

/** What the rest of the network tells apart of the tensor that a coder gets straight from a part of it. */
async function rangeBehind(library: ModelLibrary, graph: Graph, coder: NodeId): Promise<ReadRange | undefined> {
  const wire = graph.wires.find(({ to }) => to === `${coder}.tensor`)
  if (wire === undefined) return undefined
  const { node, port } = parsePortRef(wire.from)
  const model = graph.nodes[node]?.kind === 'onnx-model' ? graph.nodes[node].params.model : undefined
  return typeof model === 'string' ? readRange(unwrap(await library.load(model)).model, port) : undefined
}

/** Lets every picture source read `folder`, at full speed and once. */
export function withPhotos(graph: Graph, folder: string): Graph {
  const nodes = Object.entries(graph.nodes).map(([id, node]) =>
    node.kind === 'image-folder' ? [id, { ...node, params: { path: folder } }] : [id, node],
  )
  return { ...graph, nodes: Object.fromEntries(nodes) }
}
