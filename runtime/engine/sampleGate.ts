/** Lets some frames through: at most fps * t + 1 within any t seconds. */
export interface SampleGate {
  passes(nowNs: number): boolean
}

/**
 * Keeps the beat: the next frame may pass one period after the last one *should* have passed, so that a camera of
 * 30 frames a second with some jitter gives 15 at `fps` 15, not 10.
 */
export function createSampleGate(fps: number): SampleGate {
  const periodNs = 1e9 / fps
  let nextNs = Number.NEGATIVE_INFINITY
  return {
    passes(nowNs) {
      if (nowNs < nextNs) return false
      nextNs = nextNs + periodNs > nowNs ? nextNs + periodNs : nowNs + periodNs
      return true
    },
  }
}
