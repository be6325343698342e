import { AppError } from '../errors/appError.ts'
import { checkSpec, formatPort } from '../graph/checkSpec.ts'
import { graphInput } from '../node-kinds/graphInput.ts'
import { tcpTransport } from '../node-kinds/tcpTransport.ts'
import { formatSpec, type TensorSpec } from '../tensor/tensorSpec.ts'
import { callKind } from './callKind.ts'
import type { ModelContent, ModelOutputs } from './model.ts'
import type { Placement, SymbolicNode, SymbolicSink, SymbolicTensor, TypedTensor } from './symbolicTensor.ts'

export interface TcpServerParams<Outputs extends ModelOutputs> {
  /** What runs on the server: its inputs are what the module is called on, its outputs what comes back. */
  readonly graph: ModelContent<Outputs>
  /** "host:port" or "ws://host:port" of the server's control endpoint. */
  readonly address: string
}

/** One tensor for one output, otherwise a list. */
export type ServerResult<Outputs> = Outputs extends readonly [infer Only]
  ? Only
  : Outputs extends readonly SymbolicTensor[]
    ? number extends Outputs['length']
      ? TypedTensor<'unknown'>
      : Outputs
    : readonly TypedTensor<'unknown'>[]

/**
 * A model that runs on a server, as one step: each input goes there over TCP, the model's nodes follow, each output
 * comes back to where the first input was. The server needs nothing beforehand: its part of the graph and its half of
 * the network are sent when the model starts. Fails with `graph.input-unconnected` and `graph.port-missing` (wrong
 * number of tensors) and `graph.type-mismatch`.
 */
export function TcpServerModule<const Outputs extends ModelOutputs>(
  params: TcpServerParams<Outputs>,
): (...tensors: readonly SymbolicTensor[]) => ServerResult<Outputs> {
  const server = params.address.includes('://') ? params.address : `ws://${params.address}`
  return (...tensors) => {
    const { inputs } = params.graph.parts
    checkArity(params.graph, tensors.length)
    const [first] = tensors
    const sent = tensors.map((tensor, index) => transport(checkInput(tensor, inputs[index], index), server))
    const { outputs, sinks } = inlineModel(params.graph, sent, server)
    const returned = outputs.map((output) => transport(output, first?.node.placement, sinks))
    return (returned.length === 1 ? returned[0] : returned) as ServerResult<Outputs> // as many as the model's outputs
  }
}

function checkArity({ inputNames }: ModelContent, found: number): void {
  if (found === inputNames.length) return
  const code = found < inputNames.length ? 'graph.input-unconnected' : 'graph.port-missing'
  const message = `The server's model has ${inputNames.length} inputs (${inputNames.join(', ') || 'none'}), found ${found} tensors.`
  throw new AppError(code, message)
}

function checkInput(tensor: SymbolicTensor, input: SymbolicTensor | undefined, index: number): SymbolicTensor {
  const params = input === undefined ? undefined : graphInput.parseParams(input.node.params)
  if (tensor.spec === undefined || params === undefined || !params.ok) return tensor
  const port = { label: 'Value', expects: params.value as unknown as TensorSpec } // graph-input's params are a spec
  if (checkSpec(tensor.spec, port, new Map()) === undefined) return tensor
  const message = `Input ${index + 1} of the server's model takes ${formatPort(port)}, found ${formatSpec(tensor.spec)}.`
  throw new AppError('graph.type-mismatch', message)
}

function transport(tensor: SymbolicTensor, placement: Placement | undefined, keeps: readonly SymbolicSink[] = []) {
  const { resources } = tensor.node
  const call = { kind: tcpTransport, params: {}, tensors: [tensor], placement, resources }
  return callKind(keeps.length > 0 ? { ...call, keeps } : call).outputs[0] ?? tensor
}

/** The model's nodes again, behind other tensors and on another device; typed anew, because more may be known now. */
function inlineModel(model: ModelContent, tensors: readonly SymbolicTensor[], placement: Placement) {
  const { inputs, outputs, sinks } = model.parts
  const copies = new Map<SymbolicNode, ReadonlyMap<string, SymbolicTensor>>()
  const copiedNodes = new Map<SymbolicNode, SymbolicNode>()
  for (const [index, { node, port }] of inputs.entries()) {
    const tensor = tensors[index]
    if (tensor !== undefined) copies.set(node, new Map([[port, tensor]]))
  }
  const copyTensor = (tensor: SymbolicTensor): SymbolicTensor => {
    const copy = copyOf(tensor.node).get(tensor.port) ?? tensor
    return tensor.policy === undefined ? copy : { ...copy, policy: tensor.policy }
  }
  const copyOf = (node: SymbolicNode): ReadonlyMap<string, SymbolicTensor> => {
    const known = copies.get(node)
    if (known !== undefined) return known
    const { kind, params, name, document, keeps } = node
    const called = callKind({
      kind,
      params,
      tensors: Object.values(node.inputs).map(copyTensor),
      placement: node.placement ?? placement,
      resources: tensors[0]?.node.resources ?? node.resources,
      ...(name !== undefined && { name, mayRename: true }),
      ...(document !== undefined && { document }),
      ...(keeps !== undefined && { keeps: keeps.map(copySink) }),
    })
    const copy = new Map(called.outputs.map((tensor) => [tensor.port, tensor]))
    copies.set(node, copy)
    copiedNodes.set(node, called.node)
    return copy
  }
  const copySink = (sink: SymbolicSink): SymbolicSink => {
    copyOf(sink.node)
    return { ...sink, node: copiedNodes.get(sink.node) ?? sink.node }
  }
  return { outputs: outputs.map(({ tensor }) => copyTensor(tensor)), sinks: sinks.map(copySink) }
}
