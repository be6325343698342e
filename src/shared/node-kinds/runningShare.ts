import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Counts hits of a run. Each step gives the share so far, float32 [], and this frame's hit, uint8 [] of 0 or 1. */
export function createRunningShare(): (hit: boolean) => { share: Tensor<'float32'>; match: Tensor<'uint8'> } {
  let hits = 0
  let frames = 0
  return (hit) => {
    frames++
    if (hit) hits++
    return {
      share: createTensor('float32', [], Float32Array.of(hits / frames)),
      match: createTensor('uint8', [], Uint8Array.of(hit ? 1 : 0)),
    }
  }
}
