import { AppError } from '../errors/appError.ts'
import { failure, type Result, success } from '../errors/result.ts'
import { closestName } from '../graph/closestName.ts'
import { constantParts } from './constantParts.ts'
import { inferShapes } from './inferShapes.ts'
import type { OnnxModel, OnnxNode } from './onnxModel.ts'

/** From which tensors to which; left out means the network's own inputs and outputs. */
export interface PartRange {
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
}

/** What lies between two cuts. */
export interface SelectedPart {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** In the order of the model, those that make weights included. */
  readonly nodes: readonly OnnxNode[]
  readonly weights: ReadonlySet<string>
}

/**
 * The nodes and weights that make `outputs` from `inputs`. Without `inputs`, those inputs of the network that are needed.
 * Fails with `model.tensor-missing`, or with `model.cut-illegal` where an output also needs something that does not go
 * through `inputs`, where an input is of no use, and where there is nothing between the two.
 */
export function selectPart(model: OnnxModel, range: PartRange): Result<SelectedPart> {
  const outputs = range.outputs ?? model.outputs
  const named = [...(range.inputs ?? []), ...(range.outputs ?? [])]
  const fault = findNameFault(model, named) ?? findDoubleFault(range)
  if (fault !== undefined) return failure(fault)
  const walk = walkBack(model, new Set(range.inputs ?? model.inputs), outputs)
  if (walk.bypass !== undefined) return failure(bypassed(range, walk.bypass))
  const constants = constantParts(model)
  if (walk.nodes.every((node) => constants.isConstant(node)) && isRestricted(range)) {
    return failure(
      illegal(`there is nothing to compute between ${list(range.inputs ?? model.inputs)} and ${list(outputs)}`),
    )
  }
  const unused = range.inputs?.find((name) => !walk.usedInputs.has(name))
  if (unused !== undefined) {
    const others = range.inputs?.filter((name) => name !== unused) ?? []
    const given = others.length === 0 ? '' : ` once ${list(others)} ${others.length === 1 ? 'is' : 'are'} given`
    return failure(illegal(`${unused} is not needed for ${list(outputs)}${given}; leave it out`))
  }
  return success({
    inputs:
      range.inputs ?? (isRestricted(range) ? model.inputs.filter((name) => walk.usedInputs.has(name)) : model.inputs),
    outputs,
    nodes: walk.nodes,
    weights: walk.weights,
  })
}

function isRestricted({ inputs, outputs }: PartRange): boolean {
  return inputs !== undefined || outputs !== undefined
}

interface WalkBack {
  readonly nodes: readonly OnnxNode[]
  readonly weights: ReadonlySet<string>
  readonly usedInputs: ReadonlySet<string>
  /** Values from an input that the part does not have to one of its outputs, if there is such a path. */
  readonly bypass: readonly string[] | undefined
}

function walkBack(model: OnnxModel, inputs: ReadonlySet<string>, outputs: readonly string[]): WalkBack {
  const nodes = new Set<OnnxNode>()
  const weights = new Set<string>()
  const usedInputs = new Set<string>()
  /** For each value looked at, the one that is made from it. */
  const towards = new Map<string, string | undefined>(outputs.map((name) => [name, undefined]))
  for (const [name] of towards) {
    if (inputs.has(name)) {
      usedInputs.add(name)
      continue
    }
    const node = model.producers.get(name)
    if (node !== undefined) {
      nodes.add(node)
      for (const input of node.inputs) if (!towards.has(input)) towards.set(input, name)
    } else if (model.weights.has(name)) weights.add(name)
    else return { nodes: [], weights, usedInputs, bypass: pathFrom(name, towards) }
  }
  return { nodes: [...nodes].sort((a, b) => a.index - b.index), weights, usedInputs, bypass: undefined }
}

function pathFrom(start: string, towards: ReadonlyMap<string, string | undefined>): readonly string[] {
  const path: string[] = []
  for (let name: string | undefined = start; name !== undefined; name = towards.get(name)) path.push(name)
  return path
}

function findNameFault(model: OnnxModel, names: readonly string[]): AppError | undefined {
  const constants = constantParts(model)
  for (const name of names) {
    if (constants.values.has(name)) return illegal(`${name} is made of weights alone and is the same in every frame`)
    if (inferShapes(model).has(name)) continue
    if (model.producers.has(name)) return illegal(`the type of ${name} cannot be told, so nothing could carry it`)
    const known = [...model.inputs, ...model.nodes.flatMap(({ outputs }) => outputs)]
    const close = closestName(
      name,
      known.filter((each) => !constants.values.has(each)),
    )
    const hint =
      close === undefined ? '`colliflow models cuts NAME` lists those that are' : `the closest name is ${close}`
    return new AppError('model.tensor-missing', `The network has no tensor named ${name}; ${hint}.`, {
      details: { tensor: name, ...(close === undefined ? {} : { closest: close }) },
    })
  }
  return undefined
}

function findDoubleFault({ inputs = [], outputs = [] }: PartRange): AppError | undefined {
  for (const names of [inputs, outputs]) {
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) return illegal(`${twice} is named twice`)
  }
  return undefined
}

function bypassed(range: PartRange, path: readonly string[]): AppError {
  const shown = path.length > 8 ? [...path.slice(0, 4), '...', ...path.slice(-3)] : path
  return new AppError(
    'model.cut-illegal',
    `${list(range.inputs ?? [])} ${range.inputs?.length === 1 ? 'is' : 'are'} not enough to compute ${path.at(-1)}: ${path[0]} leads round ${range.inputs?.length === 1 ? 'it' : 'them'} by ${shown.join(' -> ')}. \`colliflow models cuts NAME\` lists every legal cut.`,
    { details: { inputs: range.inputs, path } },
  )
}

function illegal(why: string): AppError {
  return new AppError('model.cut-illegal', `This is no part of the network: ${why}.`)
}

function list(names: readonly string[]): string {
  return names.join(', ')
}
