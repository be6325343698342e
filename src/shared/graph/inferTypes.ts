import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { type AnalysedGraph, analyseGraph, type ResolvedNode } from './analyseGraph.ts'
import { checkSpec, formatPort, type SymbolBindings } from './checkSpec.ts'
import { findNumberingProblems } from './findNumberingProblems.ts'
import type { Graph, NodeId } from './graph.ts'
import type { GraphResources } from './graphResources.ts'
import { insertOnWire } from './insertOnWire.ts'
import type { GraphProblem, InferenceProblem, KindRegistry, SpecMap } from './kindRegistry.ts'
import { ownValue } from './ownValue.ts'
import type { WireEnds } from './portRef.ts'
import { type Adapter, suggestAdapters } from './suggestAdapters.ts'

/** Specs by node and port. A port without an entry has a type that is not known. */
export interface GraphTypes {
  /** What arrives at inputs, fitting or not. */
  readonly inputs: ReadonlyMap<NodeId, SpecMap>
  readonly outputs: ReadonlyMap<NodeId, SpecMap>
  /** `graph.type-mismatch`, `graph.numbering-mixed`, and what kinds refuse for reasons of their own. */
  readonly problems: readonly GraphProblem[]
}

/**
 * Propagates specs along the wires, checks each against the input it ends in, and says which node would make it fit.
 * An input at fault counts as unknown further on, so that one fault is reported once. Nodes in cycles have no types.
 */
export function inferTypes(graph: Graph, registry: KindRegistry, resources: GraphResources): GraphTypes {
  return inferAnalysed(analyseGraph(graph, registry, resources))
}

/** inferTypes for callers that have analysed the graph already. */
export function inferAnalysed(analysed: AnalysedGraph): GraphTypes {
  const inputs = new Map<NodeId, SpecMap>()
  const outputs = new Map<NodeId, SpecMap>()
  const problems: GraphProblem[] = []
  for (const id of analysed.topology.order) {
    const resolved = analysed.nodes.get(id)
    if (resolved === undefined) continue
    const wires = analysed.topology.incoming.get(id) ?? []
    const arriving = wires.flatMap((ends): [WireEnds, TensorSpec][] => {
      const spec = ownValue(outputs.get(ends.from.node), ends.from.port)
      return spec === undefined ? [] : [[ends, spec]]
    })
    inputs.set(id, toSpecMap(arriving))
    outputs.set(id, {})
    if (resolved.kind === undefined || resolved.params === undefined) continue
    const found = checkArriving(analysed, resolved, arriving)
    problems.push(...found.problems)
    const inferred = resolved.kind.inferOutputs(resolved.params, toSpecMap(found.fitting), analysed.resources)
    if (inferred.ok) outputs.set(id, inferred.value)
    else problems.push(refusal(analysed, resolved, wires, inferred.error))
  }
  return { inputs, outputs, problems: [...problems, ...findNumberingProblems(analysed)] }
}

function toSpecMap(arriving: readonly (readonly [WireEnds, TensorSpec])[]): SpecMap {
  return Object.fromEntries(arriving.map(([{ to }, spec]) => [to.port, spec]))
}

function checkArriving(
  analysed: AnalysedGraph,
  resolved: ResolvedNode,
  arriving: readonly (readonly [WireEnds, TensorSpec])[],
) {
  const bindings: SymbolBindings = new Map()
  const problems: GraphProblem[] = []
  const fitting = arriving.filter(([ends, spec]) => {
    const port = ownValue(resolved.inputPorts, ends.to.port)
    if (port === undefined) return true
    const mismatch = checkSpec(spec, port, bindings)
    if (mismatch === undefined) return true
    const adapters = suggestAdapters(spec, port, mismatch, presetOf(resolved, analysed.resources))
    const message = `${ends.wire.from} gives ${formatSpec(spec)}, but ${ends.wire.to} takes ${formatPort(port)}`
    problems.push(mismatchProblem(analysed, ends, `${message}.`, adapters))
    return false
  })
  return { fitting, problems }
}

function mismatchProblem(
  analysed: AnalysedGraph,
  ends: WireEnds,
  message: string,
  adapters: readonly Adapter[],
  code: GraphProblem['code'] = 'graph.type-mismatch',
): GraphProblem {
  const problem = { code, severity: 'error', at: wirePath(ends) } as const
  if (adapters.length === 0) return { ...problem, message }
  const { graph, registry, resources } = analysed
  // The adapter works where its result is used; before a transport that is the sending side.
  const target = graph.nodes[ends.to.node]
  const device = target?.device ?? target?.from
  const nodes = adapters.map((adapter) => ({ ...adapter, ...(device === undefined ? {} : { device }) }))
  const changes = insertOnWire(graph, ends.wire, nodes, registry, resources)
  const title = `Insert ${adapters.map((adapter) => describeAdapter(adapter, registry)).join(', then ')}`
  const advice = `${message} ${title} between them.`
  return changes === undefined
    ? { ...problem, message: advice }
    : { ...problem, message: advice, fix: { title, changes } }
}

function describeAdapter({ kind, params }: Adapter, registry: KindRegistry): string {
  const label = registry.get(kind)?.label ?? kind
  const settings = Object.entries(params).map(([name, value]) => `${name} ${String(value)}`)
  return settings.length === 0 ? label : `${label} (${settings.join(', ')})`
}

/** A kind refused its inputs in its own words; where it names an input, the wire into it is at fault. */
function refusal(
  analysed: AnalysedGraph,
  resolved: ResolvedNode,
  wires: readonly WireEnds[],
  { error, port, adapter }: InferenceProblem,
): GraphProblem {
  const ends = port === undefined ? undefined : wires.find(({ to }) => to.port === port)
  if (ends === undefined) {
    const message = `Node ${resolved.id}: ${error.message}`
    return { code: error.code, severity: 'error', at: `nodes.${resolved.id}`, message }
  }
  const message = `${ends.wire.from} -> ${ends.wire.to}: ${error.message}`
  return mismatchProblem(analysed, ends, message, adapter === undefined ? [] : [adapter], error.code)
}

function presetOf({ params }: ResolvedNode, resources: GraphResources): string | undefined {
  const model = params?.model
  return typeof model === 'string' ? resources.model(model)?.preset : undefined
}

/** The path of a wire in findings: "wires.camera.image -> front.input". */
export function wirePath({ wire }: WireEnds): string {
  return `wires.${wire.from} -> ${wire.to}`
}
