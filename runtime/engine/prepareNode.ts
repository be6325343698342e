import { AppError } from '../../src/shared/errors/appError.ts'
import { unwrap } from '../../src/shared/errors/result.ts'
import { emptyResources } from '../../src/shared/graph/graphResources.ts'
import type { NodeContext } from '../../src/shared/node-kinds/nodeContext.ts'
import type {
  FrameExecutor,
  NodeKind,
  NodeOutputs,
  SourceFrame,
  StreamFrame,
} from '../../src/shared/node-kinds/nodeKind.ts'
import type { ProgramNode } from '../../src/shared/wire/deviceProgram.ts'

/** A node that can run: its kind's way of running, with params and context put in. */
export type PreparedNode = { readonly kind: NodeKind; readonly inputOrder: readonly string[] } & (
  | { readonly form: 'executor'; readonly executor: FrameExecutor }
  | { readonly form: 'source'; readonly produce: () => AsyncIterable<SourceFrame> }
  | { readonly form: 'stream'; readonly stream: (frames: AsyncIterable<StreamFrame>) => AsyncIterable<NodeOutputs> }
)

/**
 * Checks a node against its kind and lets the kind prepare (load its model, its tables). Throws
 * `device.capability-missing`, `graph.params-invalid`, or what the kind throws.
 */
export async function prepareNode(
  node: ProgramNode,
  kind: NodeKind | undefined,
  createContext: () => NodeContext,
): Promise<PreparedNode> {
  if (kind === undefined) throw missing(`Kind ${node.kind} is not installed on this device.`)
  const params = unwrap(kind.parseParams(node.params))
  const context = createContext()
  // Ports that depend on a model are not known here; the specs name those that are wired.
  const inputOrder = Object.keys(kind.inputPorts(params, emptyResources) ?? node.inputSpecs)
  const { execute, prepare, produce, stream } = kind
  if (produce !== undefined) return { kind, inputOrder, form: 'source', produce: () => produce(params, context) }
  if (stream !== undefined) {
    return { kind, inputOrder, form: 'stream', stream: (frames) => stream(frames, params, context) }
  }
  if (prepare !== undefined) return { kind, inputOrder, form: 'executor', executor: await prepare(params, context) }
  if (execute !== undefined) {
    return { kind, inputOrder, form: 'executor', executor: (inputs, frame) => execute(inputs, params, context, frame) }
  }
  throw missing(`Kind ${node.kind} does not run on a device; it becomes a link.`)
}

function missing(message: string): AppError {
  return new AppError('device.capability-missing', message)
}
