import type { ControlSocket, ControlSocketListener } from './controlSocket.ts'

/** Both ends of a control connection inside one process. Messages arrive in a later microtask, as from a network. */
export function createMemoryControlSockets(): readonly [MemoryControlSocket, MemoryControlSocket] {
  const state: State = { open: true, listeners: [undefined, undefined], waiting: [[], []] }
  return [createEnd(state, 0), createEnd(state, 1)]
}

/** Nothing is slower than memory: pausing has no effect. */
export interface MemoryControlSocket extends ControlSocket {
  pause(): void
  resume(): void
}

interface State {
  open: boolean
  readonly listeners: [ControlSocketListener | undefined, ControlSocketListener | undefined]
  /** What arrived before its listener. */
  readonly waiting: [Delivery[], Delivery[]]
}

type Delivery = (listener: ControlSocketListener) => void

function createEnd(state: State, own: 0 | 1): MemoryControlSocket {
  const peer = own === 0 ? 1 : 0

  function deliver(to: 0 | 1, delivery: Delivery): void {
    queueMicrotask(() => {
      const listener = state.listeners[to]
      if (listener === undefined) state.waiting[to].push(delivery)
      else delivery(listener)
    })
  }

  function shut(error?: Error): void {
    if (!state.open) return
    state.open = false
    deliver(peer, (listener) => listener.onClose(error))
    deliver(own, (listener) => listener.onClose())
  }

  return {
    bufferedBytes: 0,
    listen(listener) {
      state.listeners[own] = listener
      for (const delivery of state.waiting[own].splice(0)) delivery(listener)
    },
    sendText(text) {
      if (state.open) deliver(peer, (listener) => listener.onText(text))
    },
    sendBinary(bytes) {
      if (state.open) deliver(peer, (listener) => listener.onBinary(bytes))
    },
    close: () => shut(),
    destroy: () => shut(new Error('the other side closed at once')),
    pause: () => undefined,
    resume: () => undefined,
  }
}
