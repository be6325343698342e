import { z } from 'zod'
import type { AppError } from '../../../src/shared/errors/appError.ts'
import { BugError } from '../../../src/shared/errors/bugError.ts'
import type { Result } from '../../../src/shared/errors/result.ts'
import type { JoinRule, KindRole, Numbering, PortMap } from '../../../src/shared/graph/kindRegistry.ts'
import type { WirePolicy } from '../../../src/shared/graph/wirePolicy.ts'
import type { NodeContext } from '../../../src/shared/node-kinds/nodeContext.ts'
import {
  defineNodeKind,
  type FrameExecutor,
  type NodeKind,
  type NodeOutputs,
  type SourceFrame,
  type StreamFrame,
} from '../../../src/shared/node-kinds/nodeKind.ts'
import { createTensor, type Tensor } from '../../../src/shared/tensor/tensor.ts'
import type { DeviceProgram, ProgramLink, ProgramNode, ProgramWire } from '../../../src/shared/wire/deviceProgram.ts'
import type { LinkProvider } from '../../../src/shared/wire/link.ts'
import type { TelemetryRecorder } from '../../telemetry/recorder.ts'
import { createEngine, type Engine } from '../engine.ts'
import { createMemoryLinks } from '../memoryLink.ts'
import type { EngineLogEntry } from '../runners/runner.ts'
import { VirtualClock } from './virtualClock.ts'

/** How a node of a test graph behaves; every such node is a kind of its own. */
export interface TestNode {
  readonly inputs?: readonly string[]
  readonly join?: JoinRule
  readonly numbering?: Numbering
  readonly concurrency?: number
  readonly role?: KindRole
  readonly execute?: FrameExecutor
  readonly prepare?: (context: NodeContext) => Promise<FrameExecutor>
  readonly produce?: (context: NodeContext) => AsyncIterable<SourceFrame>
  readonly stream?: (frames: AsyncIterable<StreamFrame>, context: NodeContext) => AsyncIterable<NodeOutputs>
}

export interface TestGraph {
  readonly nodes: Readonly<Record<string, TestNode>>
  /** "a.out -> b.in", or with a policy. */
  readonly wires: readonly (string | readonly [wire: string, policy: WirePolicy])[]
  readonly links?: Readonly<Record<string, ProgramLink['direction']>>
}

export interface TestEngineOptions {
  readonly clock?: VirtualClock
  readonly links?: LinkProvider
  readonly telemetry?: TelemetryRecorder
  readonly signal?: AbortSignal
  readonly deviceIndex?: number
}

export interface TestEngine {
  readonly engine: Engine
  readonly clock: VirtualClock
  readonly log: EngineLogEntry[]
  /** Set as soon as `done` has resolved. */
  outcome(): Result<void, AppError> | undefined
  /** Prepares, starts, and lets virtual time run dry. */
  run(): Promise<Result<void, AppError>>
}

export function createTestEngine(graph: TestGraph, options: TestEngineOptions = {}): TestEngine {
  const clock = options.clock ?? new VirtualClock()
  const log: EngineLogEntry[] = []
  let outcome: Result<void, AppError> | undefined
  const kinds = new Map(Object.entries(graph.nodes).map(([id, node]) => [id, toKind(id, node)]))
  const engine = createEngine({
    program: toProgram(graph, options.deviceIndex ?? 0),
    kinds,
    links: options.links ?? createMemoryLinks(),
    clock,
    telemetry: options.telemetry,
    signal: options.signal,
    // The kinds of test graphs use time and the signal only; they have no native power to ask for.
    contextFor: (nodeId, _node, signal) => ({ nodeId, clock, signal }) as unknown as NodeContext,
    onLog: (entry) => log.push(entry),
  })
  engine.done.then((result) => {
    outcome = result
  })
  return {
    engine,
    clock,
    log,
    outcome: () => outcome,
    async run() {
      await engine.prepare()
      engine.start()
      await clock.run()
      if (outcome === undefined)
        throw new BugError('Virtual time ran dry before the engine was done: it waits for ever.')
      return outcome
    },
  }
}

function toProgram(graph: TestGraph, deviceIndex: number): DeviceProgram {
  const node = (kind: string): ProgramNode => ({ kind, params: {}, inputSpecs: {}, outputSpecs: {}, assets: {} })
  return {
    device: 'device',
    deviceIndex,
    nodes: Object.fromEntries(Object.keys(graph.nodes).map((id) => [id, node(id)])),
    wires: graph.wires.map(toWire),
    links: Object.fromEntries(
      Object.entries(graph.links ?? {}).map(([id, direction]) => [
        id,
        { direction, peer: 'peer', transport: 'tcp' } as const,
      ]),
    ),
  }
}

function toWire(wire: TestGraph['wires'][number]): ProgramWire {
  const [ends, policy] = typeof wire === 'string' ? [wire, { kind: 'block' } as const] : wire
  const [from = '', to = ''] = ends.split(' -> ')
  return { from, to, policy }
}

const noParams = z.strictObject({})
const anyPorts = (names: readonly string[]): PortMap => Object.fromEntries(names.map((name) => [name, { label: name }]))

function toKind(id: string, node: TestNode): NodeKind {
  const { execute, prepare, produce, stream } = node
  return defineNodeKind({
    id,
    version: 1,
    label: id,
    group: 'Custom',
    summary: 'Of a test.',
    params: noParams,
    role: node.role ?? (produce === undefined ? 'step' : 'source'),
    inputs: anyPorts(node.inputs ?? (produce === undefined ? ['in'] : [])),
    outputs: anyPorts(['out']),
    inferOutputs: () => ({}),
    join: node.join ?? 'zip',
    numbering: node.numbering ?? 'kept',
    concurrency: node.concurrency ?? 1,
    ...(execute && { execute: (inputs, _params, _context, frame) => execute(inputs, frame) }),
    ...(prepare && { prepare: (_params, context) => prepare(context) }),
    ...(produce && { produce: (_params, context) => produce(context) }),
    ...(stream && { stream: (frames, _params, context) => stream(frames, context) }),
  })
}

export function number(value: number): Tensor {
  return createTensor('float64', [], Float64Array.of(value))
}

export function scalarOf(tensor: Tensor | undefined): number {
  return Number(tensor?.data[0])
}

export interface SourceOptions {
  /** Numbers that the source announces as skipped. */
  readonly skips?: readonly number[]
  /** Virtual time before each frame. */
  readonly everyMs?: number
  readonly error?: AppError
}

/** A source of the numbers `values`, in order. */
export function numbers(values: readonly number[], options: SourceOptions = {}): TestNode {
  return {
    async *produce({ clock }) {
      for (const [seq, value] of values.entries()) {
        if (options.everyMs !== undefined) await sleep(clock, options.everyMs)
        if (options.skips?.includes(seq) && options.error) yield { skipped: options.error, source: `picture ${seq}` }
        else yield { outputs: { out: number(value) }, source: `picture ${seq}` }
      }
    },
  }
}

export function sleep(clock: NodeContext['clock'], ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve)
  })
}

export function range(count: number, start = 0): number[] {
  return Array.from({ length: count }, (_, i) => start + i)
}

/** A sink that notes what it receives, as [seq, value of its first input]. */
export function collect(into: [seq: number, value: number][], port = 'in'): TestNode {
  return {
    role: 'sink',
    inputs: [port],
    execute(inputs, { seq }) {
      into.push([seq, scalarOf(inputs[port])])
      return undefined
    },
  }
}

/** A step that maps each value; undefined skips it. */
export function map(change: (value: number, seq: number) => number | undefined): TestNode {
  return {
    execute(inputs, { seq }) {
      const result = change(scalarOf(inputs.in), seq)
      return result === undefined ? undefined : { out: number(result) }
    },
  }
}

/** A step that takes `ms` of virtual time, of which `concurrency` frames may be in it at once. */
export function slow(clock: VirtualClock, ms: number | ((seq: number) => number), concurrency = 1): TestNode {
  return {
    concurrency,
    async execute(inputs, { seq }) {
      await clock.sleep(typeof ms === 'number' ? ms : ms(seq))
      return { out: inputs.in ?? number(Number.NaN) }
    },
  }
}
