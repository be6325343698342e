import { buildModel, floats, int8s, type NodeDescription } from './buildModel.ts'

/**
 * A small network in the manner of GoogLeNet: a stem, two blocks of four branches, a residual block, a classifier with 5
 * classes. The weights of the second block are stored as int8 and unpacked by Cast and Mul, shared by two branches.
 */
export function inception(): Uint8Array<ArrayBuffer> {
  const nodes: NodeDescription[] = []
  const weights = [floats('low', [], [0]), floats('high', [], [6])]
  let drawn = 1
  const noise = (count: number): number[] =>
    Array.from({ length: count }, () => {
      drawn = (drawn * 48271) % 2147483647
      return drawn / 2147483647 - 0.5
    })
  const conv = (from: string, to: string, channels: readonly [number, number], size: number, stride = 1): string => {
    const [inputs, outputs] = channels
    const pad = (size - 1) / 2
    weights.push(floats(`${to}.w`, [outputs, inputs, size, size], noise(outputs * inputs * size * size)))
    nodes.push(
      {
        op: 'Conv',
        inputs: [from, `${to}.w`],
        outputs: [`${to}.conv`],
        attributes: { pads: [pad, pad, pad, pad], strides: [stride, stride] },
      },
      { op: 'Clip', inputs: [`${to}.conv`, 'low', 'high'], outputs: [to] },
    )
    return to
  }
  const block = (from: string, to: string, channels: number): string => {
    const single = conv(from, `${to}/1x1`, [channels, 4], 1)
    const triple = conv(conv(from, `${to}/3x3-reduce`, [channels, 3], 1), `${to}/3x3`, [3, 4], 3)
    const five = conv(from, `${to}/5x5`, [channels, 2], 5)
    nodes.push({
      op: 'MaxPool',
      inputs: [from],
      outputs: [`${to}/pool`],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
    })
    nodes.push({ op: 'Concat', inputs: [single, triple, five, `${to}/pool`], outputs: [to], attributes: { axis: 1 } })
    return to
  }
  const first = block(conv('input', 'stem', [3, 4], 3, 2), 'first', 4)
  const second = block(first, 'second', 14)
  weights.push(int8s('packed', [24, 24, 1, 1], 3), floats('scale', [1], [0.01]))
  nodes.push(
    { op: 'Cast', inputs: ['packed'], outputs: ['unpacked'], attributes: { to: 1 } },
    { op: 'Mul', inputs: ['unpacked', 'scale'], outputs: ['shared.w'] },
    { op: 'Conv', inputs: [second, 'shared.w'], outputs: ['residual/a'] },
    { op: 'Relu', inputs: ['residual/a'], outputs: ['residual/b'] },
    { op: 'Conv', inputs: ['residual/b', 'shared.w'], outputs: ['residual/c'] },
    { op: 'Add', inputs: [second, 'residual/c'], outputs: ['residual'] },
    { op: 'GlobalAveragePool', inputs: ['residual'], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
    { op: 'Gemm', inputs: ['flat', 'classes.w'], outputs: ['scores'] },
    { op: 'Relu', inputs: ['first/1x1'], outputs: ['dead'] },
  )
  weights.push(floats('classes.w', [24, 5], noise(24 * 5)))
  return buildModel({
    inputs: { input: { shape: ['N', 3, 16, 16] } },
    outputs: { scores: { shape: ['N', 5] } },
    nodes,
    weights,
  })
}
