/**
 * What a wire does with a frame when its receiver has no free slot.
 * - block: the sender waits; no frame is lost.
 * - latest: one slot; a newer frame replaces the waiting one.
 * - drop-oldest / drop-newest: `capacity` slots; the oldest waiting, or the arriving frame goes.
 * - sample: at most `fps` frames a second pass, the others are dropped on arrival; passing frames block.
 * A dropped frame is counted and announced downstream (the bound advances), so that joins never wait for it.
 */
export type WirePolicy =
  | { readonly kind: 'block'; readonly capacity?: number }
  | { readonly kind: 'latest' }
  | { readonly kind: 'drop-oldest'; readonly capacity: number }
  | { readonly kind: 'drop-newest'; readonly capacity: number }
  | { readonly kind: 'sample'; readonly fps: number }

export const defaultBlockCapacity = 4
export const maxWireCapacity = 1024
