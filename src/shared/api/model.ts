import { AppError } from '../errors/appError.ts'
import { findProblems } from '../graph/findProblems.ts'
import type { DeviceId, Graph, GraphDevice, NodeId } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import { createKindRegistry, nodeKinds } from '../node-kinds/index.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { buildGraph, type ModelParts, type OutputPart } from './buildGraph.ts'
import type { InputFrame } from './execution.ts'
import { openGraph } from './openGraph.ts'
import { isSubscribable, pullObservable, type Subscribable } from './pullObservable.ts'
import type { SymbolicSink, SymbolicTensor } from './symbolicTensor.ts'

/** Outputs in order, or by the ids that they get. */
export type ModelOutputs = readonly SymbolicTensor[] | Readonly<Record<NodeId, SymbolicTensor>>

export interface ModelDefinition<Outputs extends ModelOutputs> {
  /** What the caller feeds, made by Input(). A graph with sources of its own has none. */
  readonly inputs?: readonly SymbolicTensor[]
  readonly outputs: Outputs
  /** Ends of streams that lead to no output, such as tables. */
  readonly sinks?: readonly SymbolicSink[]
  readonly title?: string
  readonly description?: string
  /** Where parts run. The first edge device takes every node that says nothing else. */
  readonly devices?: Readonly<Record<DeviceId, GraphDevice>>
}

/**
 * Frames for one input: tensors, or tensors with the name of their source. An iterable is asked for a frame when the
 * graph has room; an observable cannot be asked to wait (pullObservable).
 */
export type FrameSource =
  | AsyncIterable<Tensor | InputFrame>
  | Iterable<Tensor | InputFrame>
  | Subscribable<Tensor | InputFrame>

export interface StartRequest {
  /** In the order of the model's inputs, or by input id. */
  readonly inputs?: readonly FrameSource[] | Readonly<Record<NodeId, FrameSource>>
  readonly signal?: AbortSignal
}

export interface DeployRequest extends StartRequest {
  /** Addresses "ws://host:port" by device id; they win over those in the graph. */
  readonly devices: Readonly<Record<DeviceId, string>>
}

/** A graph with inputs and outputs: a document, and the symbolic tensors it was built from. */
export interface Model<Outputs extends ModelOutputs = ModelOutputs, Started = unknown> {
  /** Ids of the graph-input and graph-output nodes, in order. */
  readonly inputNames: readonly NodeId[]
  readonly outputNames: readonly NodeId[]
  /** Kinds of its own modules. A device in another process does not have them. */
  readonly kinds: readonly NodeKind[]
  /** What it was built from, or for a document, what would build it. */
  readonly parts: ModelParts & { readonly outputs: readonly OutputPart[] }
  /** How it was defined, for the compiler. */
  readonly outputs: Outputs
  toGraph(): Graph
  /**
   * Runs it: on the devices whose address it knows, all the rest in this process. Fails with `graph.input-unconnected`
   * when an input is not fed.
   */
  start(request?: StartRequest): Started
  /** The same on devices at the given addresses. Fails with `graph.device-missing` for one that the graph does not list. */
  deploy(request: DeployRequest): Started
}

/** A model without the means to run it. */
export type ModelContent<Outputs extends ModelOutputs = ModelOutputs> = Omit<Model<Outputs>, 'start' | 'deploy'>

/** Builds the document and checks it whole. Fails with the code of the first problem; `details.problems` lists all. */
export function defineModel<const Outputs extends ModelOutputs>(
  definition: ModelDefinition<Outputs>,
  resources: GraphResources,
): ModelContent<Outputs> {
  const { inputs = [], outputs, sinks = [], title = 'Untitled', description, devices = {} } = definition
  const parts: ModelParts = {
    title,
    ...(description !== undefined && { description }),
    devices,
    inputs,
    outputs: isList(outputs)
      ? outputs.map((tensor) => ({ tensor, name: 'output', mayRename: true }))
      : Object.entries(outputs).map(([name, tensor]) => ({ tensor, name, mayRename: false })),
    sinks,
  }
  const built = buildGraph(parts)
  checkWhole(built.graph, built.kinds, resources)
  return {
    inputNames: built.inputs,
    outputNames: built.outputs,
    kinds: built.kinds,
    parts,
    outputs,
    toGraph: () => built.graph,
  }
}

/**
 * The model of a document. `toGraph` gives the same document back; `kinds` are those of own modules in it. Nothing is
 * checked until the model is run or its parts are used.
 */
export function modelOfGraph(
  graph: Graph,
  kinds: readonly NodeKind[],
  resources: GraphResources,
): ModelContent<readonly SymbolicTensor[]> {
  const byId = new Map([...nodeKinds, ...kinds].map((kind) => [kind.id, kind]))
  const idsOfRole = (role: NodeKind['role']) =>
    Object.keys(graph.nodes).filter((id) => byId.get(graph.nodes[id]?.kind ?? '')?.role === role)
  let parts: ModelParts | undefined
  const open = (): ModelParts => {
    parts ??= openGraph(graph, byId, resources)
    return parts
  }
  return {
    inputNames: idsOfRole('graph-input'),
    outputNames: idsOfRole('graph-output'),
    kinds,
    get parts() {
      return open()
    },
    get outputs() {
      return open().outputs.map(({ tensor }) => tensor)
    },
    toGraph: () => graph,
  }
}

function checkWhole(graph: Graph, kinds: readonly NodeKind[], resources: GraphResources): void {
  const problems = findProblems(graph, createKindRegistry<NodeKind>([...nodeKinds, ...kinds]), resources)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const [first] = errors
  if (first === undefined) return
  throw new AppError(first.code, `${first.at}: ${first.message}`, { details: { problems: errors } })
}

/** Refuses an address for a device that is not in the graph. */
export function checkDevices(graph: Graph, devices: Readonly<Record<DeviceId, string>>): void {
  const unknown = Object.keys(devices).find((id) => graph.devices[id] === undefined)
  if (unknown === undefined) return
  const known = Object.keys(graph.devices).join(', ') || 'none'
  throw new AppError('graph.device-missing', `The model has no device ${unknown}. Its devices: ${known}.`)
}

/** What a start request feeds to each input, by id. */
export function feedsOf(
  { inputNames }: Pick<Model, 'inputNames'>,
  { inputs = [] }: StartRequest,
): Readonly<Record<NodeId, AsyncIterable<InputFrame>>> {
  const byName: Readonly<Record<NodeId, FrameSource | undefined>> = isList(inputs)
    ? Object.fromEntries(inputNames.map((name, index) => [name, inputs[index]]))
    : inputs
  const given = isList(inputs) ? inputs.length : Object.keys(inputs).length
  const feeds = inputNames.map((name) => {
    const frames = byName[name]
    if (frames !== undefined && given === inputNames.length) return [name, toFrames(frames)] as const
    const names = inputNames.join(', ') || 'none'
    const message = `The model has ${inputNames.length} inputs (${names}), found frames for ${given}. Give frames for each.`
    throw new AppError('graph.input-unconnected', message)
  })
  return Object.fromEntries(feeds)
}

async function* toFrames(frames: FrameSource): AsyncIterable<InputFrame> {
  const pulled = isSubscribable(frames) ? pullObservable(frames, { kind: 'error', capacity: untoldCapacity }) : frames
  for await (const frame of pulled) yield 'tensor' in frame ? frame : { tensor: frame }
}

/** What an observable may run ahead of the graph before that counts as an error; other policies are chosen by name. */
const untoldCapacity = 256

/** Array.isArray that keeps the type of a readonly array. */
function isList<T, U>(value: readonly T[] | U): value is readonly T[] {
  return Array.isArray(value)
}
