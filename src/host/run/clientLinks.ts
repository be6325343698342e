import { AppError } from '../../shared/errors/appError.ts'
import type { DeviceId, NodeId } from '../../shared/graph/graph.ts'
import type { Tensor } from '../../shared/tensor/tensor.ts'
import type { LinkEndpoint } from '../../shared/wire/controlMessage.ts'
import { clientDeviceIndex } from '../../shared/wire/deviceProgram.ts'
import type { Frame } from '../../shared/wire/frame.ts'
import type { FrameSocket } from '../../shared/wire/frameSocket.ts'
import type { LinkReceiver, LinkSender } from '../../shared/wire/link.ts'
import { createLinkReceiver } from '../../shared/wire/linkReceiver.ts'
import { createLinkSender } from '../../shared/wire/linkSender.ts'
import { type DeviceClock, nowNs } from '../devices/alignClock.ts'
import type { Device } from '../devices/device.ts'
import type { RunPlan } from './planRun.ts'

/** One answer of the running graph. */
export interface OutputFrame {
  readonly output: NodeId
  readonly seq: number
  /** File or camera that the frame came from. */
  readonly source?: string
  readonly tensor: Tensor
  /** From capture to arrival here, with the clocks of the capturing device and this computer aligned. */
  readonly latencyMs: number
  /** What the frame has put on all links between devices, headers of our own included. */
  readonly wireBytes: number
  readonly linkBytes: Readonly<Record<NodeId, number>>
}

/** One frame that the client feeds into a graph-input. */
export interface ClientInput {
  readonly tensor: Tensor
  readonly source?: string
}

export interface ClientLinksOptions {
  readonly plan: RunPlan
  readonly devices: ReadonlyMap<DeviceId, Device>
  /** By device index of the deployment. */
  readonly clocks: ReadonlyMap<number, DeviceClock>
  readonly epoch: number
  readonly inputs: Readonly<Record<NodeId, AsyncIterable<ClientInput>>>
  onOutput(frame: OutputFrame): void | Promise<void>
  onAllEnded(): void
  onFailure(error: AppError): void
}

/** The client's ends of a deployment: outputs it receives, inputs it feeds. */
export interface ClientLinks {
  connect(
    endpoints: Readonly<Record<DeviceId, Readonly<Record<NodeId, LinkEndpoint>>>>,
    signal: AbortSignal,
  ): Promise<void>
  /** Grants the first slots and begins to feed. */
  start(): void
  endInputs(): void
  allEnded(): boolean
  close(): void
}

/** Answers that may be on their way while one is being handled. */
const outputWindow = 8

/** Nothing is dialled before `connect`; every socket closes with `close`. Failures reach `onFailure`, the first one counts. */
export function createClientLinks(options: ClientLinksOptions): ClientLinks {
  const { inputs: inputPorts, outputs: outputPorts } = options.plan.partition.client
  const sockets: FrameSocket[] = []
  const receivers: LinkReceiver[] = []
  const feeds: (() => Promise<void>)[] = []
  const endedInputs = new AbortController()
  const openOutputs = new Set(Object.keys(outputPorts))

  async function openSocket(
    device: DeviceId,
    link: NodeId,
    endpoints: Readonly<Record<DeviceId, Readonly<Record<NodeId, LinkEndpoint>>>>,
    signal: AbortSignal,
  ): Promise<FrameSocket> {
    const endpoint = endpoints[device]?.[link]
    const target = options.devices.get(device)
    if (endpoint === undefined || target === undefined) {
      throw new AppError('device.refused', `Device ${device} gave no endpoint for ${link}.`)
    }
    const socket = await target.openDataSocket(endpoint, signal)
    sockets.push(socket)
    return socket
  }

  function receive(output: NodeId, socket: FrameSocket): void {
    /** Frames are handled one after the other; the end counts when the last one has been. */
    let queue: Promise<void> = Promise.resolve()
    const receiver = createLinkReceiver(socket, linkOptions(options, output), {
      onFrame: (frame) => void deliver(frame),
      onAdvance: () => undefined,
      onEnd: () => {
        queue = queue.then(() => ended(output))
      },
      onFailure: options.onFailure,
    })
    function deliver(frame: Frame): void {
      const arrived = toOutputFrame(output, frame, options)
      queue = queue.then(async () => {
        await options.onOutput(arrived)
        receiver.grant(1)
      })
      queue.catch((error: unknown) => options.onFailure(asAppError(error)))
    }
    receivers.push(receiver)
  }

  function ended(output: NodeId): void {
    openOutputs.delete(output)
    if (openOutputs.size === 0) options.onAllEnded()
  }

  function feed(input: NodeId, socket: FrameSocket): void {
    let onCredit: () => void = () => undefined
    const sender: LinkSender = createLinkSender(socket, linkOptions(options, input), {
      onCredit: () => onCredit(),
      onFailure: options.onFailure,
    })
    const frames = options.inputs[input]
    feeds.push(async () => {
      const iterator = frames?.[Symbol.asyncIterator]()
      const ended = new Promise<undefined>((resolve) => {
        endedInputs.signal.addEventListener('abort', () => resolve(undefined), { once: true })
      })
      let seq = 0
      while (iterator !== undefined && !endedInputs.signal.aborted) {
        const next = await Promise.race([iterator.next(), ended])
        if (next === undefined || next.done) break
        while (!sender.canSend() && !endedInputs.signal.aborted) {
          const credit = new Promise<void>((resolve) => {
            onCredit = resolve
          })
          await Promise.race([credit, ended])
        }
        if (endedInputs.signal.aborted) break
        const { tensor, source } = next.value
        const origin = { capturedAtNs: nowNs(), device: clientDeviceIndex, trail: [], ...(source && { source }) }
        sender.send({ seq: seq++, origin, tensor })
      }
      sender.end()
      // Not awaited: a source in the middle of waiting for its next frame may take for ever to say that it ended.
      iterator?.return?.().catch((error: unknown) => options.onFailure(asAppError(error)))
    })
  }

  return {
    async connect(endpoints, signal) {
      for (const [output, { device }] of Object.entries(outputPorts)) {
        receive(output, await openSocket(device, output, endpoints, signal))
      }
      for (const [input, { device }] of Object.entries(inputPorts)) {
        feed(input, await openSocket(device, input, endpoints, signal))
      }
    },
    start() {
      for (const receiver of receivers) receiver.grant(outputWindow)
      for (const run of feeds) run().catch((error: unknown) => options.onFailure(asAppError(error)))
    },
    endInputs: () => endedInputs.abort(),
    allEnded: () => openOutputs.size === 0,
    close() {
      endedInputs.abort()
      // Every end has been sent and received, or the run has failed: a peer that is silent would answer no closing.
      for (const socket of sockets) socket.destroy()
    },
  }
}

function linkOptions(options: ClientLinksOptions, link: NodeId) {
  return { linkId: link, peer: options.plan.partition.client.outputs[link]?.device ?? 'device', epoch: options.epoch }
}

function toOutputFrame(output: NodeId, frame: Frame, options: ClientLinksOptions): OutputFrame {
  const { origin, seq, tensor } = frame
  const offsetNs = options.clocks.get(origin.device)?.offsetNs ?? 0
  const linkBytes: Record<NodeId, number> = {}
  let wireBytes = 0
  for (const { link, bytes } of origin.trail) {
    linkBytes[options.plan.partition.links[link] ?? `link ${link}`] = bytes
    wireBytes += bytes
  }
  const latencyMs = Math.max(0, (nowNs() - (origin.capturedAtNs - offsetNs)) / 1e6)
  return { output, seq, ...(origin.source && { source: origin.source }), tensor, latencyMs, wireBytes, linkBytes }
}

function asAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal.bug', String(error), { cause: error })
}
