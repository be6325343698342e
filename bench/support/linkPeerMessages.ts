/** What bench/links.ts asks its other process to do with the next connection. */
export interface LinkPeerInput {
  readonly mode: 'echo' | 'sink'
  readonly frames: number
  readonly bytes: number
}

export type LinkPeerOutput =
  | {
      readonly type: 'listening'
      readonly raw: number
      readonly tcp: number
      readonly websocket: number
      readonly grpc: number
    }
  | { readonly type: 'ready'; readonly tokens: { readonly out: string; readonly back: string } }
  | { readonly type: 'done' }
