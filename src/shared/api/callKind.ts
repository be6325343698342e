import { AppError } from '../errors/appError.ts'
import { unwrap } from '../errors/result.ts'
import { checkSpec, formatPort, type SymbolBindings } from '../graph/checkSpec.ts'
import type { JsonObject } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import type { Port, PortMap, SpecMap } from '../graph/kindRegistry.ts'
import { suggestAdapters } from '../graph/suggestAdapters.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import type { Placement, SymbolicNode, SymbolicTensor } from './symbolicTensor.ts'

/** How a kind is called: everything about the new node except what follows from its inputs. */
export interface KindCall extends Pick<SymbolicNode, 'name' | 'mayRename' | 'document' | 'keeps'> {
  readonly kind: NodeKind
  readonly params: JsonObject
  readonly tensors: readonly SymbolicTensor[]
  readonly placement?: Placement | undefined
  readonly resources: GraphResources
}

export interface CalledKind {
  readonly node: SymbolicNode
  /** In the order of the kind's output ports. */
  readonly outputs: readonly SymbolicTensor[]
}

/**
 * Adds a node behind its input tensors, in the order of its ports. Fails like the check of a document, on the line that
 * made the mistake: `graph.params-invalid`, `graph.input-unconnected` (too few inputs), `graph.port-missing` (too many),
 * `graph.type-mismatch`, `graph.wire-crosses-devices`, `model.*`.
 */
export function callKind(call: KindCall): CalledKind {
  const { kind, tensors, resources } = call
  const params = unwrap(kind.parseParams(call.params))
  const inputPorts = kind.inputPorts(params, resources) ?? refuseUnknownPorts(call, params)
  const outputPorts = kind.outputPorts(params, resources) ?? refuseUnknownPorts(call, params)
  const ports = Object.keys(inputPorts)
  checkArity(kind, inputPorts, tensors.length)
  const inputs = Object.fromEntries(tensors.map((tensor, index) => [ports[index] ?? '', tensor]))
  checkSpecs(kind, inputPorts, inputs, params, resources)
  const specs: SpecMap = Object.fromEntries(
    Object.entries(inputs).flatMap(([port, { spec }]) => (spec === undefined ? [] : [[port, spec]])),
  )
  const inferred = kind.inferOutputs(params, specs, resources)
  if (!inferred.ok) throw inferred.error.error
  const { name, mayRename, document, keeps } = call
  const node: SymbolicNode = {
    kind,
    params: call.params,
    inputs,
    placement: placementOf(call),
    resources,
    ...(name !== undefined && { name }),
    ...(mayRename !== undefined && { mayRename }),
    ...(document !== undefined && { document }),
    ...(keeps !== undefined && { keeps }),
  }
  return { node, outputs: Object.keys(outputPorts).map((port) => outputOf(node, port, inferred.value[port])) }
}

function outputOf(node: SymbolicNode, port: string, spec: TensorSpec | undefined): SymbolicTensor {
  return { node, port, ...(spec !== undefined && { spec }) }
}

/** A kind without ports lacks what they depend on, or refuses its params in inferOutputs. */
function refuseUnknownPorts({ kind, tensors, resources }: KindCall, params: JsonObject): never {
  // Resources come with the tensors, so without one nothing can be said of its ports.
  if (tensors.length === 0) throw new AppError('graph.input-unconnected', `${kind.label} takes tensors, found none.`)
  const inferred = kind.inferOutputs(params, {}, resources)
  if (!inferred.ok) throw inferred.error.error
  const message = `${kind.label} needs model "${String(params.model)}", which is not there. Names: colliflow models list.`
  throw new AppError('model.not-found', message)
}

function checkArity({ label }: NodeKind, ports: PortMap, found: number): void {
  const names = Object.keys(ports)
  const needed = names.filter((name) => ports[name]?.optional !== true).length
  const takes = `${label} takes ${names.length} ${names.length === 1 ? 'tensor' : 'tensors'} (${names.join(', ') || 'none'})`
  if (found < needed)
    throw new AppError('graph.input-unconnected', `${takes}, found ${found}. Call it with the others.`)
  if (found > names.length) throw new AppError('graph.port-missing', `${takes}, found ${found}. Leave out the others.`)
}

function checkSpecs(
  kind: NodeKind,
  ports: PortMap,
  inputs: Readonly<Record<string, SymbolicTensor>>,
  params: JsonObject,
  resources: GraphResources,
): void {
  const bindings: SymbolBindings = new Map()
  for (const [name, { spec }] of Object.entries(inputs)) {
    const port: Port | undefined = ports[name]
    if (port === undefined || spec === undefined) continue
    const mismatch = checkSpec(spec, port, bindings)
    if (mismatch === undefined) continue
    const model = typeof params.model === 'string' ? resources.model(params.model) : undefined
    const adapters = suggestAdapters(spec, port, mismatch, model?.preset)
    const advice = adapters.map((adapter) => `${adapter.kind} ${JSON.stringify(adapter.params)}`).join(', then ')
    const message = `Input ${name} of ${kind.label} takes ${formatPort(port)}, found ${formatSpec(spec)}.`
    throw new AppError('graph.type-mismatch', advice === '' ? message : `${message} Call ${advice} before it.`)
  }
}

/**
 * A node runs where its inputs arrive, unless it says otherwise. What is not said yet (the model's first device) may turn
 * out to be the same place: the whole model is checked for that.
 */
function placementOf({ kind, tensors, placement }: KindCall): Placement | undefined {
  if (kind.role === 'transport') return placement
  const arriving = tensors.flatMap(({ node }) => node.placement ?? [])
  const wanted = placement ?? arriving[0]
  const other = arriving.find((each) => each !== wanted)
  if (other === undefined) return wanted
  const message = `${kind.label} runs on ${wanted}, but an input arrives on ${other}. Send it there with TcpTransport first.`
  throw new AppError('graph.wire-crosses-devices', message)
}
