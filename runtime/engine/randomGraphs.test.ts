import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeRandomGraph, type RandomGraph } from './testing/randomGraph.ts'
import { type Placement, type RandomRun, runRandomGraph } from './testing/runRandomGraph.ts'

/** Fixed, so that every run checks the same graphs; COLLIFLOW_SEED tries others. */
const seed = Number(process.env.COLLIFLOW_SEED ?? 20_261)
const graphs = Number(process.env.COLLIFLOW_GRAPHS ?? 10_000)

const byNumber = (a: number, b: number) => a - b

/** What a run says that it must not: empty when all is well. */
function findFaults(graph: RandomGraph, run: RandomRun): string[] {
  const faults: string[] = [...run.failures]
  if (run.stuck > 0) faults.push(`${run.stuck} engines wait for ever`)
  if (run.timersLeft > 0) faults.push(`${run.timersLeft} timers are left`)
  for (const { from, to } of graph.wires) {
    const received = run.received.get(to)
    const stream = graph.expected[from]
    if (received === undefined || stream === undefined) continue
    if (received.length !== run.delivered.get(to)) faults.push(`sink ${to} got other than offered less dropped`)
    if (received.some(([seq], i) => i > 0 && seq <= (received[i - 1]?.[0] ?? -1))) {
      faults.push(`numbers at sink ${to} do not rise`)
    }
    faults.push(...(graph.lossless ? findLosses(stream, received, to) : findStrangers(stream, received, to)))
  }
  return faults
}

type Received = readonly (readonly [seq: number, value: number])[]

/** Without loss every frame arrives: under its number where that is foreseeable, else as one of a multiset. */
function findLosses(stream: RandomGraph['expected'][number], received: Received, sink: number): string[] {
  const expected = stream.foreseeable
    ? JSON.stringify([...stream.values])
    : JSON.stringify([...stream.values.values()].sort(byNumber))
  const found = stream.foreseeable
    ? JSON.stringify(received)
    : JSON.stringify(received.map(([, value]) => value).sort(byNumber))
  return expected === found ? [] : [`sink ${sink} expected ${expected}, got ${found}`]
}

/** With losses, every frame that arrives is right. */
function findStrangers(stream: RandomGraph['expected'][number], received: Received, sink: number): string[] {
  if (!stream.pure) return []
  const values = new Set(stream.values.values())
  const wrong = received.filter(([seq, value]) =>
    stream.foreseeable ? stream.values.get(seq) !== value : !values.has(value),
  )
  return wrong.length === 0 ? [] : [`sink ${sink} got ${JSON.stringify(wrong)}`]
}

test(`${graphs} random graphs end, lose nothing on blocking wires, and compute the same whole and split`, async () => {
  const numbers = fc.array(fc.nat(9999), { minLength: 10, maxLength: 160, size: 'max' })
  const placement: fc.Arbitrary<Placement> = fc.record({
    devices: fc.integer({ min: 1, max: 3 }),
    choices: fc.array(fc.nat(9999), { minLength: 1, maxLength: 30 }),
  })
  let lossless = 0
  await fc.assert(
    fc.asyncProperty(numbers, placement, async (choices, place) => {
      const graph = makeRandomGraph(choices)
      if (graph.lossless) lossless++
      expect(findFaults(graph, await runRandomGraph(graph, place))).toEqual([])
      // What whole and split must have in common is what is expected of either.
      if (place.devices > 1) {
        expect(findFaults(graph, await runRandomGraph(graph, { ...place, devices: 1 }))).toEqual([])
      }
    }),
    { seed, numRuns: graphs },
  )
  expect(lossless).toBeGreaterThan(graphs / 3)
}, 300_000)
