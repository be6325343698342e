import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { findProblems } from '../graph/findProblems.ts'
import { parseGraph } from '../graph/parseGraph.ts'
import type { WirePolicy } from '../graph/wirePolicy.ts'
import { writeGraph } from '../graph/writeGraph.ts'
import { createKindRegistry, nodeKinds } from '../node-kinds/index.ts'
import { fakeResources } from '../node-kinds/testing/fakeResources.ts'
import { LatestJoin, Layout, Merge, Resize, Sample, TcpTransport, Zip } from './modules.ts'
import { type TypedTensor, withPolicy } from './symbolicTensor.ts'
import { createTestApi } from './testing/testApi.ts'

const { Input, Model } = createTestApi()

type Picture = TypedTensor<'uint8'>

/** One call: which module, on which of the tensors so far, over which wire. */
const step = fc.record({
  module: fc.constantFrom('resize', 'sample', 'layout', 'zip', 'latest', 'merge', 'transport'),
  first: fc.nat(),
  second: fc.nat(),
  named: fc.boolean(),
  policy: fc.constantFrom<WirePolicy | undefined>(
    undefined,
    { kind: 'latest' },
    { kind: 'block', capacity: 2 },
    { kind: 'drop-oldest', capacity: 3 },
  ),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function apply(
  { module, first, second, named, policy }: Step,
  index: number,
  tensors: readonly Picture[],
): readonly Picture[] {
  const plain = tensors[first % tensors.length] as Picture
  const tensor = policy === undefined ? plain : withPolicy(plain, policy)
  // A partner on the same device and of the same numbering, or the tensor itself.
  const partners = tensors.filter(({ node }) => node.placement === plain.node.placement && !isMerged(node))
  const partner = isMerged(plain.node) ? plain : (partners[second % partners.length] ?? plain)
  const options = named ? { name: `step${index}`, label: `Step ${index}` } : {}
  switch (module) {
    case 'resize':
      return [Resize({ width: 8 + (second % 8) }, options)(tensor)]
    case 'sample':
      return [Sample({ every: 1 + (second % 3) }, options)(tensor)]
    case 'layout':
      return [Layout({ to: 'HWC' }, options)(tensor)]
    case 'zip':
      return Zip({}, options)(tensor, partner)
    case 'latest':
      return LatestJoin({}, options)(tensor, partner)
    case 'merge':
      return [Merge({}, options)(tensor, partner)]
    case 'transport':
      return [TcpTransport({ to: plain.node.placement === 'box' ? 'ws://far:1' : 'box' }, options)(tensor)]
  }
}

/** Whether frames were numbered afresh somewhere before. */
function isMerged(node: Picture['node']): boolean {
  return node.kind.id === 'merge' || Object.values(node.inputs).some((input) => isMerged(input.node))
}

const model = fc
  .record({ inputs: fc.integer({ min: 1, max: 3 }), steps: fc.array(step, { maxLength: 12 }) })
  .map(({ inputs, steps }) => {
    const fed = Array.from({ length: inputs }, () => Input({ dtype: 'uint8', shape: [16, 16, 3], layout: 'HWC' }))
    const tensors: Picture[] = [...fed]
    for (const [index, each] of steps.entries()) tensors.push(...apply(each, index, tensors))
    const devices = { phone: { role: 'edge' }, box: { role: 'cloud' } } as const
    return Model({ inputs: fed, outputs: tensors.slice(-2), title: 'Random', devices })
  })

test('toGraph and fromGraph are inverses, through the text of the file and through the calls that build it', () => {
  fc.assert(
    fc.property(model, (built) => {
      const text = writeGraph(built.toGraph())
      const graph = unwrap(parseGraph(text))
      const opened = Model.fromGraph(graph)
      expect(opened.toGraph()).toBe(graph)
      expect([opened.inputNames, opened.outputNames]).toEqual([
        [...built.inputNames].sort(),
        [...built.outputNames].sort(),
      ])
      const { title, devices, inputs, outputs, sinks } = opened.parts
      const named = Object.fromEntries(outputs.map(({ name, tensor }) => [name, tensor]))
      expect(writeGraph(Model({ title, devices, inputs, outputs: named, sinks }).toGraph())).toBe(text)
    }),
    { numRuns: 200 },
  )
})

test('what the API builds has no error', () => {
  const registry = createKindRegistry(nodeKinds)
  fc.assert(
    fc.property(model, (built) => {
      const problems = findProblems(built.toGraph(), registry, fakeResources)
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    }),
    { numRuns: 50 },
  )
})
