import { z } from 'zod'
import { defineNodeKind } from './nodeKind.ts'
import { takeInput } from './takeInput.ts'

/** Thins a stream by decision; the frames that go are announced as skipped, so joins do not wait for them. */
export const sample = defineNodeKind({
  id: 'sample',
  version: 1,
  label: 'Sample',
  group: 'Flow',
  summary: 'Keeps each Nth frame, or at most so many a second, and skips the others.',
  params: z.strictObject({
    every: z.int().min(1).max(1_000_000).default(1).describe('Keeps frames 0, N, 2N...; 1 keeps all.'),
    fps: z.number().min(0).max(1000).default(0).describe('Most frames a second, by time of capture; 0 is no limit.'),
  }),
  inputs: { in: { label: 'In' } },
  outputs: { out: { label: 'Out' } },
  inferOutputs: (_params, { in: spec }) => (spec === undefined ? {} : { out: spec }),
  prepare({ every, fps }) {
    let dueNs = Number.NEGATIVE_INFINITY
    return (inputs, { seq, capturedAtNs }) => {
      if (seq % every !== 0) return undefined
      if (fps > 0) {
        if (capturedAtNs < dueNs) return undefined
        // On the grid of the rate where frames are on time, so that small delays do not add up; anew after a pause.
        const periodNs = 1e9 / fps
        dueNs = capturedAtNs - dueNs < periodNs ? dueNs + periodNs : capturedAtNs + periodNs
      }
      return { out: takeInput(inputs, 'in') }
    }
  },
})
