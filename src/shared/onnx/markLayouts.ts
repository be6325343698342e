import type { TensorLayout, TensorSpec } from '../tensor/tensorSpec.ts'
import { attributesOf } from './attributes.ts'
import type { OnnxModel, OnnxNode } from './onnxModel.ts'

/** Operators that ONNX defines on [N, C, H, W]: their first input and first output are feature maps. */
const spatialOperators: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvInteger', 'QLinearConv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool'],
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool', 'BatchNormalization', 'InstanceNormalization', 'LRN'],
  ...['DepthToSpace', 'SpaceToDepth'],
])

/** Operators that may mix, permute or drop axes: nothing is known of the layout behind them. */
const layoutBreakers: ReadonlySet<string> = new Set([
  ...['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'MatMul', 'Gemm', 'Gather', 'GatherND', 'Shape'],
  ...['Constant', 'ConstantOfShape', 'Expand', 'Tile', 'If', 'Loop', 'Scan'],
])

/**
 * Marks which rank-4 tensors are NCHW (or NHWC, before or behind a Transpose): what spatial operators read and write,
 * and from there along operators that keep the axes, with the flow and against it.
 */
export function markLayouts(model: OnnxModel, specs: ReadonlyMap<string, TensorSpec>): ReadonlyMap<string, TensorSpec> {
  const layouts = new Map<string, TensorLayout>()
  const canMark = (name: string): boolean => specs.get(name)?.shape.length === 4 && !model.weights.has(name)
  const mark = (name: string | undefined, layout: TensorLayout | undefined): void => {
    if (name !== undefined && layout !== undefined && canMark(name) && !layouts.has(name)) layouts.set(name, layout)
  }
  for (const node of model.nodes) {
    const { opType, input, output } = node.proto
    if (spatialOperators.has(opType)) {
      mark(input[0], 'NCHW')
      mark(output[0], 'NCHW')
    } else mark(output[0], layoutBehind(node, layouts))
  }
  for (const node of [...model.nodes].reverse()) {
    const behind = layouts.get(node.proto.output[0] ?? '')
    if (behind === undefined || spatialOperators.has(node.proto.opType)) continue
    if (node.proto.opType === 'Transpose') mark(node.proto.input[0], transposed(node, behind, 'against the flow'))
    else if (!layoutBreakers.has(node.proto.opType)) for (const name of node.inputs) mark(name, behind)
  }
  return new Map(
    [...specs].map(([name, spec]) => {
      const layout = layouts.get(name)
      return [name, layout === undefined ? spec : { ...spec, layout }]
    }),
  )
}

function layoutBehind(node: OnnxNode, layouts: ReadonlyMap<string, TensorLayout>): TensorLayout | undefined {
  const before = node.inputs.map((name) => layouts.get(name)).find((layout) => layout !== undefined)
  if (before === undefined) return undefined
  if (node.proto.opType === 'Transpose') return transposed(node, before, 'with the flow')
  return layoutBreakers.has(node.proto.opType) ? undefined : before
}

function transposed(
  node: OnnxNode,
  layout: TensorLayout,
  direction: 'with the flow' | 'against the flow',
): TensorLayout | undefined {
  const order = attributesOf(node.proto).ints('perm')?.join()
  const [toNhwc, toNchw] = direction === 'with the flow' ? ['0,2,3,1', '0,3,1,2'] : ['0,3,1,2', '0,2,3,1']
  if (layout === 'NCHW' && order === toNhwc) return 'NHWC'
  if (layout === 'NHWC' && order === toNchw) return 'NCHW'
  return undefined
}
