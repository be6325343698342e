import { assertNever, BugError } from '../../src/shared/errors/bugError.ts'
import type { NodeId } from '../../src/shared/graph/graph.ts'
import type { JoinRule } from '../../src/shared/graph/kindRegistry.ts'
import type { DeviceProgram, ProgramLink } from '../../src/shared/wire/deviceProgram.ts'
import type { LinkProvider } from '../../src/shared/wire/link.ts'
import type { Join, JoinInput } from './joins/join.ts'
import { createLatest } from './joins/latest.ts'
import { createMerge } from './joins/merge.ts'
import { createZip } from './joins/zip.ts'
import { Outputs } from './outputs.ts'
import type { PreparedNode } from './prepareNode.ts'
import type { Wakeable } from './readyList.ts'
import { LinkReceiverRunner } from './runners/linkReceiverRunner.ts'
import { LinkSenderRunner } from './runners/linkSenderRunner.ts'
import { NodeRunner } from './runners/nodeRunner.ts'
import type { Runner, RunnerHost } from './runners/runner.ts'
import { SourceRunner } from './runners/sourceRunner.ts'
import { StreamRunner } from './runners/streamRunner.ts'
import { type ArrivalCounter, WireQueue } from './wireQueue.ts'
import { type EngineWire, linkInput, readWires } from './wiring.ts'

export interface RunnerParts {
  readonly program: DeviceProgram
  readonly prepared: ReadonlyMap<NodeId, PreparedNode>
  readonly sourceControllers: ReadonlyMap<NodeId, AbortController>
  readonly links: LinkProvider
  readonly host: RunnerHost
}

/** One runner for each node and link of a program, joined by the queues of its wires; nothing is started. */
export function createRunners(parts: RunnerParts): Runner[] {
  const { program, host } = parts
  const ends = new Map<NodeId, RunnerEnd>()
  for (const id of [...Object.keys(program.nodes), ...Object.keys(program.links)]) ends.set(id, createEnd())
  for (const wire of readWires(program)) connect(wire, parts, ends)
  const runners: Runner[] = []
  for (const [id, end] of ends) {
    const link = linkOf(program, id)
    const node = parts.prepared.get(id)
    const runner = link !== undefined ? linkRunner(id, link, end, parts) : nodeRunner(id, node, end, parts)
    end.wakeable.target = runner
    runners.push(runner)
  }
  for (const { inputs } of ends.values()) {
    for (const { wire } of inputs) host.recorder?.registerWire(wire.id, wire)
  }
  return runners
}

/** Ids come from another machine: one may be the name of an Object member. */
function linkOf({ links }: DeviceProgram, id: NodeId): ProgramLink | undefined {
  return Object.hasOwn(links, id) ? links[id] : undefined
}

/** What is known of a node while its runner does not exist yet. */
interface RunnerEnd {
  readonly inputs: JoinInput[]
  readonly outputs: Outputs
  readonly arrivals: ArrivalCounter
  readonly wakeable: Forwarder
}

function createEnd(): RunnerEnd {
  return { inputs: [], outputs: new Outputs(), arrivals: { next: 0 }, wakeable: new Forwarder() }
}

/** Stands for a runner in the queues that are made before it. */
class Forwarder implements Wakeable {
  scheduled = false
  target: Wakeable | undefined

  run(): void {
    this.target?.run()
  }
}

function connect(wire: EngineWire, { host, program }: RunnerParts, ends: ReadonlyMap<NodeId, RunnerEnd>): void {
  const from = ends.get(wire.from.node)
  const to = ends.get(wire.to.node)
  if (from === undefined || to === undefined) throw new BugError(`Wire ${wire.id} was read but has no ends.`)
  const queue = new WireQueue({
    id: wire.id,
    policy: wire.policy,
    ready: host.ready,
    producer: from.wakeable,
    consumer: to.wakeable,
    arrivals: to.arrivals,
    tellsEveryTake: linkOf(program, wire.from.node) !== undefined,
  })
  from.outputs.add(wire.from.port, queue)
  to.inputs.push({ port: wire.to.port, wire: queue })
}

function linkRunner(id: NodeId, link: ProgramLink, end: RunnerEnd, { host, links }: RunnerParts): Runner {
  switch (link.direction) {
    case 'receive':
      return new LinkReceiverRunner({
        id,
        host,
        outputs: end.outputs,
        open: (listener) => links.openReceiver(id, listener),
      })
    case 'send':
      return new LinkSenderRunner({
        id,
        host,
        wire: wireInto(id, end),
        open: (listener) => links.openSender(id, listener),
      })
    default:
      return assertNever(link.direction)
  }
}

function wireInto(id: NodeId, end: RunnerEnd): WireQueue {
  const input = end.inputs.find(({ port }) => port === linkInput)
  if (input === undefined) throw new BugError(`Link ${id} sends, but no wire leads to ${id}.${linkInput}.`)
  return input.wire
}

function nodeRunner(id: NodeId, node: PreparedNode | undefined, end: RunnerEnd, parts: RunnerParts): Runner {
  if (node === undefined) throw new BugError(`Node ${id} was not prepared.`)
  const { host } = parts
  const { outputs } = end
  const { kind } = node
  const isStep = kind.role === 'step'
  switch (node.form) {
    case 'source': {
      const controller = parts.sourceControllers.get(id) ?? new AbortController()
      return new SourceRunner({ id, host, outputs, produce: node.produce, controller })
    }
    case 'stream':
      return new StreamRunner({ id, host, join: joinOf(node, end), outputs, stream: node.stream, isStep })
    case 'executor':
      return new NodeRunner({
        id,
        host,
        join: joinOf(node, end),
        outputs,
        executor: node.executor,
        concurrency: kind.concurrency,
        numbering: kind.join === 'merge' ? 'fresh' : kind.numbering,
        isStep,
      })
    default:
      return assertNever(node)
  }
}

/** The node's join of the inputs that have a wire, in the order of the kind's ports. */
function joinOf({ kind, inputOrder }: PreparedNode, end: RunnerEnd): Join {
  const rank = ({ port }: JoinInput) => (inputOrder.includes(port) ? inputOrder.indexOf(port) : inputOrder.length)
  const inputs = end.inputs.toSorted((a, b) => rank(a) - rank(b))
  return createJoin(kind.join, inputs)
}

function createJoin(rule: JoinRule, inputs: readonly JoinInput[]): Join {
  const [first, ...others] = inputs
  switch (rule) {
    case 'zip':
      return createZip(inputs)
    case 'latest':
      return first === undefined ? createZip([]) : createLatest(first, others)
    case 'merge':
      return createMerge(inputs)
    default:
      return assertNever(rule)
  }
}
