import type { WirePolicy } from '../../../src/shared/graph/wirePolicy.ts'

/**
 * A random graph that validation would accept, with what it must compute. Made from a list of numbers, so that
 * fast-check can shrink it: every choice takes the next number, and a list that has run out gives 0.
 */
export interface RandomGraph {
  /** No wire drops and no latest join: nothing may be lost. */
  readonly lossless: boolean
  readonly nodes: readonly RandomNode[]
  readonly wires: readonly RandomWire[]
  /** By node, what comes out of it when nothing is lost: values by the identity of the frame. */
  readonly expected: readonly ExpectedStream[]
}

export type RandomNode = Timing &
  (
    | { readonly type: 'source'; readonly count: number; readonly everyMs: number; readonly skipEvery: number }
    | { readonly type: 'map' }
    | { readonly type: 'gate' }
    | { readonly type: 'zip'; readonly inputs: number }
    | { readonly type: 'latest'; readonly inputs: number }
    | { readonly type: 'merge'; readonly inputs: number }
    | { readonly type: 'batch'; readonly size: number }
    | { readonly type: 'sink' }
  )

interface Timing {
  readonly salt: number
  /** 0 answers at once; otherwise each frame takes up to this long. */
  readonly maxMs: number
  readonly concurrency: number
  readonly startsOn: number
}

export interface RandomWire {
  readonly from: number
  readonly to: number
  readonly input: number
  readonly policy: WirePolicy
}

export interface ExpectedStream {
  /** By frame number where numbers are foreseeable, else by a name of the frame. */
  readonly values: ReadonlyMap<number | string, number>
  /** Numbers do not depend on timing, as long as nothing is lost. */
  readonly foreseeable: boolean
  /** A frame's value depends on that frame alone, also when others are lost. */
  readonly pure: boolean
}

interface Stream extends ExpectedStream {
  readonly node: number
  /** Streams of one space have corresponding numbers. */
  readonly space: number
  /** Streams that have nothing to do with each other are in different components. */
  readonly component: number
}

export function makeRandomGraph(choices: readonly number[]): RandomGraph {
  let at = 0
  const choose = (count: number) => (choices[at++] ?? 0) % count
  const lossless = choose(2) === 0
  const nodes: RandomNode[] = []
  const wires: RandomWire[] = []
  const streams: Stream[] = []
  const spaces = createUnion()
  const components = createUnion()
  const consumed = new Set<Stream>()

  const timing = (): Timing => ({
    salt: choose(1000),
    maxMs: [0, 0, 0, 3, 9][choose(5)] ?? 0,
    concurrency: 1 + choose(3),
    startsOn: choose(3),
  })

  function add(node: RandomNode, inputs: readonly Stream[], stream?: Omit<Stream, 'node'>): void {
    const to = nodes.push(node) - 1
    for (const [input, from] of inputs.entries()) {
      wires.push({ from: from.node, to, input, policy: choosePolicy() })
      consumed.add(from)
      components.join(from.component, inputs[0]?.component ?? from.component)
    }
    if (stream !== undefined) streams.push({ ...stream, node: to })
  }

  function choosePolicy(): WirePolicy {
    const capacity = 1 + choose(4)
    switch (lossless ? 0 : choose(8)) {
      case 1:
        return { kind: 'latest' }
      case 2:
        return { kind: 'drop-oldest', capacity }
      case 3:
        return { kind: 'drop-newest', capacity }
      case 4:
        return { kind: 'sample', fps: 1 + 50 * capacity }
      default:
        return { kind: 'block', capacity }
    }
  }

  function addSource(): void {
    const node = nodes.length
    const source = {
      ...timing(),
      type: 'source',
      count: choose(16),
      everyMs: choose(4),
      skipEvery: 2 + choose(9),
    } as const
    const values = new Map<number, number>()
    for (let seq = 0; seq < source.count; seq++) {
      if (!sourceSkips(source.skipEvery, seq)) values.set(seq, mix(source.salt, seq))
    }
    add(source, [], { values, foreseeable: true, pure: true, space: node, component: node })
  }

  const pick = () => streams[choose(streams.length)]

  /** Another stream that a zip may join with `first` (rule graph.numbering-mixed, and no rate that depends on another). */
  function pickPartner(first: Stream): Stream | undefined {
    const partners = streams.filter((other) => {
      if (spaces.find(first.space) === spaces.find(other.space)) return true
      const strangers = components.find(first.component) !== components.find(other.component)
      return strangers && first.foreseeable && other.foreseeable
    })
    return partners[choose(partners.length)]
  }

  function addStep(): void {
    const first = pick()
    if (first === undefined) return
    const { space, component, values, foreseeable, pure } = first
    const base = timing()
    switch (choose(7)) {
      case 0: {
        const other = pickPartner(first)
        if (other === undefined) return
        const joined = new Map<number | string, number>()
        for (const [key, value] of values) {
          const partner = other.values.get(key)
          if (partner !== undefined) joined.set(key, zipValue(base.salt, [value, partner]))
        }
        spaces.join(space, other.space)
        const both = { foreseeable: foreseeable && other.foreseeable, pure: pure && other.pure }
        add({ ...base, type: 'zip', inputs: 2 }, [first, other], { ...both, values: joined, space, component })
        return
      }
      case 1: {
        const other = pick() ?? first
        const merged = new Map<number | string, number>()
        for (const [i, stream] of [first, other].entries()) {
          for (const [key, value] of stream.values) merged.set(`${nodes.length}:${i}:${key}`, value)
        }
        const own = { foreseeable: false, pure: pure && other.pure, space: nodes.length }
        add({ ...base, type: 'merge', inputs: 2 }, [first, other], { ...own, values: merged, component })
        return
      }
      case 2: {
        if (!foreseeable) return
        const size = 1 + choose(3)
        const batches = batchValues([...values.values()], size)
        const own = { foreseeable: true, pure: false, space: nodes.length }
        add({ ...base, type: 'batch', size }, [first], { ...own, values: new Map(batches.entries()), component })
        return
      }
      case 3: {
        if (lossless) return
        const other = pick() ?? first
        add({ ...base, type: 'latest', inputs: 2 }, [first, other], { values, foreseeable, pure, space, component })
        return
      }
      case 4: {
        const passing = new Map([...values].filter(([, value]) => gatePasses(value)))
        add({ ...base, type: 'gate' }, [first], { values: passing, foreseeable, pure, space, component })
        return
      }
      default: {
        const mapped = new Map([...values].map(([key, value]) => [key, mix(base.salt, value)]))
        add({ ...base, type: 'map' }, [first], { values: mapped, foreseeable, pure, space, component })
      }
    }
  }

  for (let sources = 1 + choose(3); sources > 0; sources--) addSource()
  for (let steps = choose(12); steps > 0; steps--) addStep()
  for (const stream of [...streams]) {
    const dangling = choose(10) === 9
    if ((!consumed.has(stream) && !dangling) || choose(6) === 1) add({ ...timing(), type: 'sink' }, [stream])
  }
  const expected: ExpectedStream[] = []
  for (const stream of streams) expected[stream.node] = stream
  return { lossless, nodes, wires, expected }
}

/** A number that tells its parts apart: 32 bits, well mixed. */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

export function sourceSkips(skipEvery: number, seq: number): boolean {
  return seq % skipEvery === skipEvery - 1
}

export function gatePasses(value: number): boolean {
  return value % 3 !== 0
}

export function zipValue(salt: number, values: readonly number[]): number {
  return values.reduce(mix, salt)
}

export function batchValues(values: readonly number[], size: number): number[] {
  const batches: number[] = []
  for (let i = 0; i < values.length; i += size) batches.push(values.slice(i, i + size).reduce(mix, size))
  return batches
}

function createUnion() {
  const parents = new Map<number, number>()
  function find(id: number): number {
    const parent = parents.get(id)
    return parent === undefined ? id : find(parent)
  }
  return {
    find,
    join(a: number, b: number) {
      if (find(a) !== find(b)) parents.set(find(a), find(b))
    },
  }
}
