// The globals that Node, browsers and workers all have, declared for code that may use nothing else.
// Only tsconfig.shared.json includes this file; the other environments bring their own full declarations.

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

declare class AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean })
  decode(bytes?: Uint8Array): string
}

declare function queueMicrotask(callback: () => void): void
declare function structuredClone<T>(value: T): T
