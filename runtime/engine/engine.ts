import { AppError, messageOf } from '../../src/shared/errors/appError.ts'
import { BugError } from '../../src/shared/errors/bugError.ts'
import { failure, type Result, success } from '../../src/shared/errors/result.ts'
import type { NodeId } from '../../src/shared/graph/graph.ts'
import type { Clock, NodeContext } from '../../src/shared/node-kinds/nodeContext.ts'
import type { NodeKind } from '../../src/shared/node-kinds/nodeKind.ts'
import type { DeviceProgram, ProgramNode } from '../../src/shared/wire/deviceProgram.ts'
import type { LinkProvider } from '../../src/shared/wire/link.ts'
import type { TelemetryRecorder } from '../telemetry/recorder.ts'
import { createRunners } from './createRunners.ts'
import { type PreparedNode, prepareNode } from './prepareNode.ts'
import { ReadyList } from './readyList.ts'
import { type EngineLogEntry, nodeFailure, type Runner } from './runners/runner.ts'
import { readWires } from './wiring.ts'

export interface EngineOptions {
  readonly program: DeviceProgram
  readonly kinds: ReadonlyMap<string, NodeKind>
  readonly links: LinkProvider
  readonly clock: Clock
  /** Absent: nothing is timed. */
  readonly telemetry?: TelemetryRecorder | undefined
  /** Ends the run with `engine.stopped` when it aborts. */
  readonly signal?: AbortSignal | undefined
  /**
   * What a node may use. `signal` belongs into the context: of a source it aborts when the engine stops or fails, of
   * any other node when it fails.
   */
  contextFor(id: NodeId, node: ProgramNode, signal: AbortSignal): NodeContext
  onLog?(entry: EngineLogEntry): void
}

/** Runs one device's part of a graph, once: prepare, start, then stop or let it end. */
export interface Engine {
  /**
   * Checks the program and prepares every node; rejects with the first node's AppError that names it. Nothing runs
   * and no link is opened yet.
   */
  prepare(): Promise<void>
  /** Opens the links and lets the sources begin. */
  start(): void
  /** Sources end; frames in flight are finished, and `done` follows. */
  stop(): void
  /** Ends at once: frames in flight are lost, links fail with `error`, and `done` follows when nothing runs any more. */
  abort(error: AppError): void
  /**
   * Resolves once, never rejects: when all sources and links have ended and every frame has left, or with the first
   * error when everything has been let go. Then no executor, iterator, link or timer of this engine is left.
   */
  readonly done: Promise<Result<void>>
}

/**
 * The core is event-driven: a frame's arrival, a free slot, credit of a link or an answer of a node wakes those who may
 * go on (ReadyList). Executors that answer at once cost no promise and no recursion.
 */
export function createEngine(options: EngineOptions): Engine {
  const { program, clock, telemetry: recorder } = options
  const controller = new AbortController()
  const sourceControllers = new Map<NodeId, AbortController>()
  const live = new Set<Runner>()
  const prepared = new Map<NodeId, PreparedNode>()
  const ready = new ReadyList(
    (bug) => fail(new AppError('internal.bug', `The engine contradicted itself: ${messageOf(bug)}`, { cause: bug })),
    failIfStalled,
  )
  let state: 'new' | 'prepared' | 'running' | 'ended' = 'new'
  let error: AppError | undefined
  let resolveDone: (outcome: Result<void>) => void
  const done = new Promise<Result<void>>((resolve) => {
    resolveDone = resolve
  })

  function fail(reason: AppError): void {
    if (state === 'ended' || error !== undefined) return
    error = reason
    controller.abort(reason)
    for (const source of sourceControllers.values()) source.abort(reason)
    ready.enter(() => {
      for (const runner of [...live]) runner.abort(reason)
    })
    if (live.size === 0) end()
  }

  /** A run in which everybody waits for a neighbour would wait for ever: it says so instead. */
  function failIfStalled(): void {
    if (state !== 'running' || error !== undefined) return
    for (const runner of live) if (runner.awaitsOutside) return
    fail(stalled([...live].map(({ id }) => id)))
  }

  function end(): void {
    if (state === 'ended') return
    state = 'ended'
    options.signal?.removeEventListener('abort', onSignal)
    resolveDone(error === undefined ? success(undefined) : failure(error))
  }

  function onSignal(): void {
    const reason = options.signal?.reason
    fail(reason instanceof AppError ? reason : new AppError('engine.stopped', 'The run was cancelled.'))
  }

  function signalFor(id: NodeId, isSource: boolean): AbortSignal {
    if (!isSource) return controller.signal
    const own = new AbortController()
    sourceControllers.set(id, own)
    return own.signal
  }

  async function prepare(): Promise<void> {
    if (options.signal?.aborted) onSignal()
    else options.signal?.addEventListener('abort', onSignal, { once: true })
    readWires(program)
    const attempts = Object.entries(program.nodes).map(async ([id, node]) => {
      const kind = options.kinds.get(node.kind)
      const signal = signalFor(id, kind?.produce !== undefined)
      try {
        prepared.set(id, await prepareNode(node, kind, () => options.contextFor(id, node, signal)))
      } catch (cause) {
        throw nodeFailure(id, cause)
      }
    })
    const refused = (await Promise.allSettled(attempts)).find((attempt) => attempt.status === 'rejected')
    if (refused !== undefined) throw refused.reason
    if (error !== undefined) throw error
    state = 'prepared'
  }

  function start(): void {
    if (state === 'ended') return
    if (state !== 'prepared') throw new BugError(`An engine was started when it was ${state}.`)
    state = 'running'
    const runners = createRunners({
      program,
      prepared,
      sourceControllers,
      links: options.links,
      host: {
        ready,
        clock,
        recorder,
        deviceIndex: program.deviceIndex,
        fail,
        finished(runner) {
          live.delete(runner)
          if (live.size === 0) end()
        },
        log: (entry) => options.onLog?.(entry),
      },
    })
    for (const runner of runners) live.add(runner)
    if (live.size === 0) end()
    ready.enter(() => {
      for (const runner of runners) if (live.has(runner)) runner.start()
    })
  }

  return {
    prepare,
    start,
    stop() {
      if (state !== 'running') end()
      else {
        ready.enter(() => {
          for (const runner of [...live]) runner.stop()
        })
      }
    },
    abort: fail,
    done,
  }
}

function stalled(ids: readonly string[]): AppError {
  const message =
    `The nodes ${ids.join(', ')} wait for each other: a zip joins streams of which one brings frames faster, ` +
    'and a full wire then holds up the other. Join streams of one source, or let a wire drop.'
  return new AppError('engine.stalled', message, { details: { nodes: ids } })
}
