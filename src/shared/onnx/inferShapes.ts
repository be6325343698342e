import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { attributesOf } from './attributes.ts'
import { mergeShapes } from './declaredValue.ts'
import { markLayouts } from './markLayouts.ts'
import { oncePerModel } from './oncePerModel.ts'
import type { DeclaredValue, OnnxModel, OnnxNode } from './onnxModel.ts'
import { factsOfConstant } from './shapes/constantFacts.ts'
import { convolution } from './shapes/convolution.ts'
import { creating } from './shapes/creating.ts'
import { elementwise } from './shapes/elementwise.ts'
import { matrix } from './shapes/matrix.ts'
import { picking } from './shapes/picking.ts'
import { pooling } from './shapes/pooling.ts'
import { quantizing } from './shapes/quantizing.ts'
import { rearranging } from './shapes/rearranging.ts'
import { reducing } from './shapes/reducing.ts'
import { resizing } from './shapes/resizing.ts'
import type { ShapeRules, ValueFacts } from './shapes/shapeRule.ts'

const rules: ShapeRules = {
  ...convolution,
  ...creating,
  ...elementwise,
  ...matrix,
  ...picking,
  ...pooling,
  ...quantizing,
  ...rearranging,
  ...reducing,
  ...resizing,
}

/**
 * Specs of the values of a network: dtype, row-major shape with symbols such as the batch kept, and NCHW or NHWC where
 * the operators tell. What the file declares wins over what is inferred. A value whose dtype or rank cannot be known
 * (behind an operator without a rule, a sequence) has no entry.
 */
export const inferShapes: (model: OnnxModel) => ReadonlyMap<string, TensorSpec> = oncePerModel((model) => {
  const facts = new Map<string, ValueFacts>()
  for (const name of model.inputs) facts.set(name, withDeclared({}, model.declared.get(name)))
  for (const [name, weight] of model.weights) {
    if (weight.kind === 'dense') facts.set(name, factsOfConstant(weight.tensor))
  }
  for (const node of model.nodes) {
    const inferred = inferOutputs(node, model.opset, facts)
    for (const [position, name] of node.proto.output.entries()) {
      if (name !== '') facts.set(name, withDeclared(inferred[position] ?? {}, model.declared.get(name)))
    }
  }
  const specs = new Map<string, TensorSpec>()
  for (const [name, { dtype, shape }] of facts) {
    if (dtype !== undefined && shape !== undefined) specs.set(name, { dtype, shape })
  }
  return markLayouts(model, specs)
})

function inferOutputs(
  { proto }: OnnxNode,
  opset: number,
  facts: ReadonlyMap<string, ValueFacts>,
): readonly ValueFacts[] {
  const rule = Object.hasOwn(rules, proto.opType) ? rules[proto.opType] : undefined
  if (rule === undefined) return []
  return rule({
    opType: proto.opType,
    opset,
    attributes: attributesOf(proto),
    input: (position) => facts.get(proto.input[position] ?? '') ?? {},
    inputCount: proto.input.length,
    outputCount: proto.output.length,
  })
}

function withDeclared(inferred: ValueFacts, declared: DeclaredValue | undefined): ValueFacts {
  if (declared === undefined) return inferred
  return {
    dtype: declared.dtype ?? inferred.dtype,
    shape: mergeShapes(declared.shape, inferred.shape),
    elements: inferred.elements,
  }
}
