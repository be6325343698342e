import type { FrameOrigin, LinkBytes } from '../../src/shared/wire/frame.ts'

/**
 * Where a joined frame began: as `first`, with the trails of both. A link that both came over counts once, because it
 * carried one frame from which both descend.
 */
export function joinOrigins(first: FrameOrigin, other: FrameOrigin): FrameOrigin {
  if (first.trail === other.trail || other.trail.length === 0) return first
  return withTrail(first, mergeTrails(first.trail, other.trail, Math.max))
}

/** Where a frame made of several frames of one stream began: as the oldest, with all bytes that any of them cost. */
export function sumOrigins(oldest: FrameOrigin, next: FrameOrigin): FrameOrigin {
  if (next.trail.length === 0) return oldest
  return withTrail(
    oldest,
    mergeTrails(oldest.trail, next.trail, (a, b) => a + b),
  )
}

function withTrail(origin: FrameOrigin, trail: readonly LinkBytes[]): FrameOrigin {
  return { ...origin, trail }
}

function mergeTrails(
  a: readonly LinkBytes[],
  b: readonly LinkBytes[],
  combine: (bytes: number, otherBytes: number) => number,
): LinkBytes[] {
  const bytesByLink = new Map(a.map(({ link, bytes }) => [link, bytes]))
  for (const { link, bytes } of b) {
    const before = bytesByLink.get(link)
    bytesByLink.set(link, before === undefined ? bytes : combine(before, bytes))
  }
  return [...bytesByLink].map(([link, bytes]) => ({ link, bytes }))
}
