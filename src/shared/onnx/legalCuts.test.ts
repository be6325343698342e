import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../errors/result.ts'
import { type CutList, legalCuts } from './legalCuts.ts'
import { readModel } from './readModel.ts'
import { buildModel, floats, type ModelDescription, type NodeDescription } from './testing/buildModel.ts'
import { inception } from './testing/inception.ts'

const shipped = unwrap(readModel(readFileSync(new URL('../../../models/mobilenet_v2.onnx', import.meta.url))))

function cutsOf(nodes: readonly NodeDescription[], change: Partial<ModelDescription> = {}, maxWidth = 4): CutList {
  const bytes = buildModel({ inputs: { x: { shape: ['N', 2] } }, outputs: { y: {} }, nodes, ...change })
  return legalCuts(unwrap(readModel(bytes)), { maxWidth })
}

function idsOf(...args: Parameters<typeof cutsOf>): readonly string[] {
  return cutsOf(...args).cuts.map(({ id }) => id)
}

function relu(from: string, to: string): NodeDescription {
  return { op: 'Relu', inputs: [from], outputs: [to] }
}

function add(a: string, b: string, to: string): NodeDescription {
  return { op: 'Add', inputs: [a, b], outputs: [to] }
}

describe('legalCuts', () => {
  test('of a chain are its values, but not its input and its last one', () => {
    expect(idsOf([relu('x', 'a'), relu('a', 'b'), relu('b', 'y')])).toEqual(['a', 'b'])
  })

  test('of a residual block are around it and, with two tensors, inside', () => {
    const block = [relu('x', 'a'), relu('a', 'b'), relu('b', 'c'), add('a', 'c', 'd'), relu('d', 'y')]
    expect(idsOf(block)).toEqual(['a', 'a+b', 'a+c', 'd'])
    expect(idsOf(block, {}, 1)).toEqual(['a', 'd'])
  })

  test('count an input that the tail still reads as a tensor of the cut', () => {
    expect(idsOf([relu('x', 'a'), relu('a', 'b'), add('x', 'b', 'y')])).toEqual(['x+a', 'x+b'])
  })

  test('count an output that the head makes as a tensor of the cut', () => {
    const outputs = { side: {}, y: {} }
    expect(idsOf([relu('x', 'a'), relu('a', 'side'), relu('a', 'b'), relu('b', 'y')], { outputs })).toEqual([
      'a',
      'a+side',
      'a+b',
      'a+y',
      'side+b',
    ])
    expect(idsOf([relu('x', 'side'), relu('side', 'a'), relu('a', 'y')], { outputs })).toEqual(['side', 'side+a'])
  })

  test('ignore dead code and the parts that only make weights', () => {
    const nodes: NodeDescription[] = [
      { op: 'Cast', inputs: ['w'], outputs: ['w.float'], attributes: { to: 1 } },
      add('x', 'w.float', 'a'),
      relu('a', 'dead'),
      { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: floats('', [2]) } },
      add('a', 'c', 'y'),
    ]
    expect(idsOf(nodes, { weights: [floats('w', [2])] })).toEqual(['a'])
  })

  test('take several outputs of one node together, as far as anybody reads them', () => {
    const split: NodeDescription = {
      op: 'Split',
      inputs: ['x'],
      outputs: ['a', 'b', 'unread'],
      attributes: { axis: 1 },
    }
    const ids = idsOf([split, relu('a', 'c'), add('c', 'b', 'y')], { inputs: { x: { shape: ['N', 3] } } })
    expect(ids).toEqual(['a+b', 'b+c'])
  })

  test('give random numbers to one half and never make them twice', () => {
    const random: NodeDescription = { op: 'RandomNormal', inputs: [], outputs: ['r'], attributes: { shape: [1, 2] } }
    expect(idsOf([random, relu('x', 'a'), add('a', 'r', 'b'), add('b', 'r', 'y')])).toEqual(['a', 'a+r', 'r+b'])
  })

  test('weigh each half with what it needs, and with a shared weight once', () => {
    const scaled = (from: string, to: string, weight: string): NodeDescription => add(from, weight, to)
    // w is read before, in and right behind the residual block; v only in it, by both branches.
    const nodes = [
      scaled('x', 'a', 'w'),
      scaled('a', 'b', 'w'),
      scaled('b', 'c', 'v'),
      scaled('a', 'd', 'v'),
      add('c', 'd', 'e'),
      scaled('e', 'f', 'w'),
      relu('f', 'y'),
    ]
    const { cuts } = cutsOf(nodes, { weights: [floats('w', [2]), floats('v', [1])] })
    const weights = Object.fromEntries(cuts.map((cut) => [cut.id, [cut.headWeightBytes, cut.tailWeightBytes]]))
    expect(weights).toEqual({
      a: [8, 12],
      'a+b': [8, 12],
      'a+d': [12, 12],
      'a+c': [12, 12],
      'b+d': [12, 12],
      'c+d': [12, 8],
      e: [12, 8],
      f: [12, 0],
    })
  })

  test('leave out tensors whose type nothing tells', () => {
    expect(idsOf([relu('x', 'a'), { op: 'NotYetInvented', inputs: ['a'], outputs: ['b'] }, relu('b', 'y')])).toEqual([
      'a',
    ])
  })

  test('have null bytes where a size is not known', () => {
    const nodes: NodeDescription[] = [{ op: 'NonZero', inputs: ['x'], outputs: ['a'] }, relu('a', 'y')]
    expect(cutsOf(nodes).cuts).toMatchObject([
      { id: 'a', bytes: null, tensors: [{ dtype: 'int64', shape: [2, null] }] },
    ])
  })

  test('of a network with inception blocks go through its branches, at most as wide as told', () => {
    const network = unwrap(readModel(inception()))
    const widths = (maxWidth: number) => {
      const { cuts } = legalCuts(network, { maxWidth })
      return [1, 2, 3, 4].map((width) => cuts.filter(({ tensors }) => tensors.length === width).length)
    }
    const [ones, twos, threes, fours] = widths(4)
    expect(widths(1)).toEqual([ones, 0, 0, 0])
    expect(widths(3)).toEqual([ones, twos, threes, 0])
    const ids = legalCuts(network).cuts.map(({ id }) => id)
    expect(ids).toContain('first/1x1+first/3x3+first/5x5+first/pool')
    expect(ids).toContain('stem+first/3x3-reduce')
    expect(fours).toBeGreaterThan(0)
  })

  test('of the shipped network are at the tensors that the example uses, with their bytes and weights', () => {
    const { cuts, incomplete } = legalCuts(shipped)
    expect(incomplete).toBe(false)
    const total = [...shipped.weights.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    const found = cuts.find(({ id }) => id === 'block10/add')
    expect(found).toMatchObject({
      bytes: 64 * 14 * 14 * 4,
      tensors: [{ name: 'block10/add', dtype: 'float32', shape: ['N', 64, 14, 14] }],
    })
    // Both halves clip at the same two constants of 4 bytes, everything else is in one of them.
    expect((found?.headWeightBytes ?? 0) + (found?.tailWeightBytes ?? 0)).toBe(total + 8)
    expect(cuts.filter(({ id }) => /\.w/.test(id))).toEqual([])
    expect(new Set(cuts.map(({ id }) => id)).size).toBe(cuts.length)
  })
})
