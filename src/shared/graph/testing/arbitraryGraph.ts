import fc from 'fast-check'
import type { Graph, GraphDevice, GraphNode, GraphWire, JsonObject, JsonValue } from '../graph.ts'
import type { WirePolicy } from '../wirePolicy.ts'

const ids = ['a', 'b', 'c', 'd-1', 'E_2', 'longer-name']
const devices = ['phone', 'server', 'box']
const ports = ['in', 'out', 'block10/add', 'relu.1']

export const arbitraryId = fc.constantFrom(...ids)
export const arbitraryDeviceId = fc.constantFrom(...devices)

/** JSON as it comes from a file, so without -0; the key "__proto__" is not allowed anywhere. */
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value): JsonValue => JSON.parse(JSON.stringify(value)))
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const key = fc.string({ maxLength: 6 }).filter((name) => name !== '__proto__')
const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(key, json, { maxKeys: 3 })

/** Unknown fields: names that no version knows. */
const extras = fc.option(
  jsonObject
    .map((object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [`x-${key}`, value])))
    .filter((object) => Object.keys(object).length > 0),
  { nil: undefined },
)

export const arbitraryPosition = fc.tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -999, max: 999 }))

export const arbitraryPolicy: fc.Arbitrary<WirePolicy> = fc.oneof(
  fc.constantFrom<WirePolicy>({ kind: 'block' }, { kind: 'latest' }, { kind: 'sample', fps: 2.5 }),
  fc.record({
    kind: fc.constantFrom('block' as const, 'drop-oldest' as const, 'drop-newest' as const),
    capacity: fc.integer({ min: 1, max: 1024 }),
  }),
)

export const arbitraryPortRef = fc.tuple(arbitraryId, fc.constantFrom(...ports)).map(([id, port]) => `${id}.${port}`)

export const arbitraryWire: fc.Arbitrary<GraphWire> = fc
  .record({
    from: arbitraryPortRef,
    to: arbitraryPortRef,
    policy: fc.option(arbitraryPolicy, { nil: undefined }),
    extras,
  })
  .map((wire) => withoutUndefined(wire) as GraphWire) // drops the absent optional fields

export const arbitraryNode: fc.Arbitrary<GraphNode> = fc
  .record({
    kind: fc.constantFrom('camera', 'pass', 'onnx-model', 'kind-of-a-plugin'),
    device: fc.option(arbitraryDeviceId, { nil: undefined }),
    from: fc.option(arbitraryDeviceId, { nil: undefined }),
    to: fc.option(arbitraryDeviceId, { nil: undefined }),
    label: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
    params: jsonObject,
    extras,
  })
  .map((node) => withoutUndefined(node) as unknown as GraphNode) // as above

export const arbitraryDevice: fc.Arbitrary<GraphDevice> = fc
  .record({
    role: fc.constantFrom('edge' as const, 'cloud' as const),
    address: fc.option(fc.constant('ws://127.0.0.1:5678'), { nil: undefined }),
    extras,
  })
  .map((device) => withoutUndefined(device) as unknown as GraphDevice) // as above

/** Any document that parses: also with faults, such as wires of missing nodes and two wires into one input. */
export const arbitraryGraph: fc.Arbitrary<Graph> = fc
  .record({
    title: fc.string({ maxLength: 8 }),
    description: fc.option(fc.string({ maxLength: 8 }), { nil: undefined }),
    devices: fc.dictionary(arbitraryDeviceId, arbitraryDevice, { maxKeys: 3 }),
    nodes: fc.dictionary(arbitraryId, arbitraryNode, { maxKeys: 5 }),
    wires: fc.array(arbitraryWire, { maxLength: 6 }),
    layout: fc.dictionary(arbitraryId, arbitraryPosition, { maxKeys: 4 }),
    extras,
  })
  .map((graph) => withoutUndefined(graph) as unknown as Graph) // as above

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
