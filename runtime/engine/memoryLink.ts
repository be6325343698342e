import { AppError } from '../../src/shared/errors/appError.ts'
import { BugError } from '../../src/shared/errors/bugError.ts'
import type { Clock } from '../../src/shared/node-kinds/nodeContext.ts'
import type { Tensor } from '../../src/shared/tensor/tensor.ts'
import type { Frame } from '../../src/shared/wire/frame.ts'
import type {
  LinkProvider,
  LinkReceiver,
  LinkReceiverListener,
  LinkSender,
  LinkSenderListener,
} from '../../src/shared/wire/link.ts'

export interface MemoryLinkOptions {
  /** Delays every message, in both directions, by this long; order is kept. Absent: messages arrive at once. */
  readonly latency?: { readonly clock: Clock; readonly ms: () => number }
  /** Index of the link in the deployment: entered into the trails of its frames. */
  readonly linkIndex?: number
}

/** A stream inside one process: what its sender sends is what its receiver gets, with credits as on a network. */
export interface MemoryLink {
  openSender(listener: LinkSenderListener): LinkSender
  openReceiver(listener: LinkReceiverListener): LinkReceiver
}

/** Frames are handed over without a copy; their bytes count as the size of their data. */
export function createMemoryLink({ latency, linkIndex }: MemoryLinkOptions = {}): MemoryLink {
  let sender: LinkSenderListener | undefined
  let receiver: LinkReceiverListener | undefined
  let credits = 0
  let over = false
  const toReceiver = createLane<LinkReceiverListener>(latency, () => receiver)
  const toSender = createLane<LinkSenderListener>(latency, () => sender)

  return {
    openSender(listener) {
      sender = listener
      toSender.opened()
      return {
        canSend: () => credits > 0 && !over,
        send(frame) {
          if (credits === 0) throw new BugError('A frame was sent on a memory link without credit.')
          credits--
          const bytes = tensorBytes(frame.tensor)
          const arriving = linkIndex === undefined ? frame : withBytes(frame, linkIndex, bytes)
          toReceiver.post((to) => to.onFrame(arriving))
          return bytes
        },
        advance: (bound) => toReceiver.post((to) => to.onAdvance(bound)),
        end() {
          over = true
          toReceiver.post((to) => to.onEnd())
        },
        fail(error) {
          over = true
          toReceiver.post((to) => to.onFailure(error))
        },
      }
    },
    openReceiver(listener) {
      receiver = listener
      toReceiver.opened()
      return {
        grant(slots) {
          toSender.post((to) => {
            const none = credits === 0
            credits += slots
            if (none) to.onCredit()
          })
        },
        cancel(error) {
          receiver = silentReceiver
          if (over) return
          over = true
          toSender.post((to) =>
            to.onFailure(error ?? new AppError('engine.stopped', 'Nobody reads this stream any more.')),
          )
        },
      }
    },
  }
}

/** Memory links by id, made when first asked for: engines that share one provider are joined by it. */
export function createMemoryLinks(optionsFor: (linkId: string) => MemoryLinkOptions = () => ({})): LinkProvider {
  const links = new Map<string, MemoryLink>()
  function linkOf(id: string): MemoryLink {
    const link = links.get(id) ?? createMemoryLink(optionsFor(id))
    links.set(id, link)
    return link
  }
  return {
    openSender: (id, listener) => linkOf(id).openSender(listener),
    openReceiver: (id, listener) => linkOf(id).openReceiver(listener),
  }
}

/** Messages in one direction, in order, kept until the other end is open. */
function createLane<Listener>(latency: MemoryLinkOptions['latency'], listener: () => Listener | undefined) {
  const messages: ((to: Listener) => void)[] = []
  let arrived = 0
  let lastArrivalNs = Number.NEGATIVE_INFINITY

  function deliver(): void {
    for (let to = listener(); to !== undefined && arrived > 0; to = listener()) {
      arrived--
      messages.shift()?.(to)
    }
  }

  function arrive(): void {
    arrived++
    deliver()
  }

  return {
    post(message: (to: Listener) => void) {
      messages.push(message)
      if (latency === undefined) {
        arrive()
        return
      }
      const nowNs = latency.clock.nowNs()
      lastArrivalNs = Math.max(lastArrivalNs, nowNs + latency.ms() * 1e6)
      latency.clock.schedule((lastArrivalNs - nowNs) / 1e6, arrive)
    },
    opened: deliver,
  }
}

const silentReceiver: LinkReceiverListener = {
  onFrame: () => undefined,
  onAdvance: () => undefined,
  onEnd: () => undefined,
  onFailure: () => undefined,
}

function withBytes(frame: Frame, link: number, bytes: number): Frame {
  return { ...frame, origin: { ...frame.origin, trail: [...frame.origin.trail, { link, bytes }] } }
}

function tensorBytes({ dtype, data }: Tensor): number {
  if (dtype !== 'string') return (data as Exclude<typeof data, readonly string[]>).byteLength // only strings lack it
  return (data as readonly string[]).reduce((sum, text) => sum + text.length, 0)
}
