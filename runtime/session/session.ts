import { AppError } from '../../src/shared/errors/appError.ts'
import type { Result } from '../../src/shared/errors/result.ts'
import type { ControlEvent, ControlRequest, LinkEndpoint } from '../../src/shared/wire/controlMessage.ts'
import { toWireError } from '../../src/shared/wire/parseControl.ts'
import { createEngine, type Engine } from '../engine/engine.ts'
import { TelemetryRecorder } from '../telemetry/recorder.ts'
import { createTelemetryWindows } from '../telemetry/windows.ts'
import { checkProgram } from './checkProgram.ts'
import type { DevicePower } from './devicePower.ts'
import { createSessionContext, type SessionContext } from './sessionContext.ts'
import { connectLinks, type SessionLinks } from './sessionLinks.ts'

export type SessionEvent = Extract<ControlEvent, { type: 'telemetry' | 'log' | 'session-ended' }>

export interface Session {
  readonly state: SessionState
  /** Where the listening links wait. */
  readonly endpoints: Readonly<Record<string, LinkEndpoint>>
  /** Waits for the links' peers, then runs. Fails with `device.session-unknown` for another epoch or state. */
  commit(epoch: number): Promise<void>
  /** Ends now, with nothing kept. Resolves when everything is given back. */
  abort(error: AppError): Promise<void>
  stop(): void
  /** Sends a window every `intervalMs` from now on. */
  subscribeTelemetry(intervalMs: number): void
  /** Resolves when the session is over and has let everything go. */
  readonly ended: Promise<void>
}

type SessionState = 'prepared' | 'committing' | 'running' | 'ended'

/**
 * One deployed program on this device, from prepare to its end; independent of every other session.
 * Resolves when it could start at once. Fails with what the check, a blob, a link or a node says, and has then undone
 * everything. `signal` aborts when the client is gone or gives the session up; afterwards it ends the session.
 */
export async function prepareSession(
  request: Extract<ControlRequest, { type: 'prepare' }>,
  power: DevicePower,
  emit: (event: SessionEvent) => void,
  signal: AbortSignal,
): Promise<Session> {
  const { session, program, epoch } = request
  checkProgram(program, request.links, power)
  const recorder = new TelemetryRecorder()
  const windows = createTelemetryWindows(recorder, power.clock)
  let context: SessionContext | undefined
  let links: SessionLinks | undefined
  let engine: Engine | undefined
  try {
    context = await createSessionContext(program, power, (node, level, message) =>
      emit({ type: 'log', session, level, node, message }),
    )
    links = await connectLinks(program, request.links, epoch, power, signal)
    engine = createEngine({
      program,
      kinds: power.kinds,
      links,
      clock: power.clock,
      telemetry: recorder,
      signal,
      contextFor: context.contextFor,
      onLog: ({ level, node, code, message }) =>
        emit({ type: 'log', session, level, node, ...(code && { code }), message }),
    })
    await engine.prepare()
    if (signal.aborted) throw cancelled(signal)
    return createSession({ session, epoch, power, emit, context, links, engine, windows })
  } catch (error) {
    engine?.abort(error instanceof AppError ? error : new AppError('engine.stopped', 'Preparing failed.'))
    await engine?.done
    links?.close()
    context?.release()
    throw error
  }
}

interface SessionParts {
  readonly session: string
  readonly epoch: number
  readonly power: DevicePower
  readonly context: SessionContext
  readonly links: SessionLinks
  readonly engine: Engine
  readonly windows: ReturnType<typeof createTelemetryWindows>
  emit(event: SessionEvent): void
}

function createSession({ session, epoch, power, emit, context, links, engine, windows }: SessionParts): Session {
  let state: SessionState = 'prepared'
  let cancelTelemetry: () => void = () => undefined
  const controller = new AbortController()
  const ended = engine.done.then(finish)

  function finish(outcome: Result<void>): void {
    const hadStarted = state === 'running'
    state = 'ended'
    controller.abort()
    cancelTelemetry()
    links.close()
    context.release()
    if (hadStarted) emit({ type: 'telemetry', session, final: true, telemetry: windows.wholeRun() })
    // One that was aborted before it ran is over with the answer to abort.
    if (hadStarted || outcome.ok) {
      emit({ type: 'session-ended', session, ...(outcome.ok ? {} : { error: toWireError(outcome.error) }) })
    }
  }

  function scheduleTelemetry(intervalMs: number): void {
    const cancel = power.clock.schedule(intervalMs, () => {
      emit({ type: 'telemetry', session, final: false, telemetry: windows.takeWindow() })
      scheduleTelemetry(intervalMs)
    })
    cancelTelemetry = () => void cancel()
  }

  /** Asked through a function because others change it while we wait. */
  function stateNow(): SessionState {
    return state
  }

  return {
    get state() {
      return state
    },
    endpoints: links.endpoints,
    ended,
    async commit(wanted) {
      if (state !== 'prepared' || wanted !== epoch) {
        const message = `Session ${session} is ${state} with epoch ${epoch}; epoch ${wanted} cannot be committed.`
        throw new AppError('device.session-unknown', message, { details: { session, state, epoch } })
      }
      state = 'committing'
      try {
        await links.whenConnected(controller.signal)
      } catch (error) {
        // It may have been aborted meanwhile, which is final.
        if (stateNow() === 'committing') state = 'prepared'
        throw error
      }
      state = 'running'
      engine.start()
    },
    async abort(error) {
      engine.abort(error)
      await ended
    },
    stop: () => engine.stop(),
    subscribeTelemetry(intervalMs) {
      if (state === 'ended') return
      cancelTelemetry()
      scheduleTelemetry(intervalMs)
    },
  }
}

function cancelled({ reason }: AbortSignal): AppError {
  return reason instanceof AppError ? reason : new AppError('run.cancelled', 'The preparation was given up.')
}
