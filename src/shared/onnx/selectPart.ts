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
  const given = new Set(range.inputs ?? model.inputs)
  const walk = walkBack(model, given, outputs)
  if (walk.unmet !== undefined) return failure(bypassed(model, given, outputs))
  const constants = constantParts(model)
  if (walk.nodes.every((node) => constants.isConstant(node)) && isRestricted(range)) {
    return failure(
      illegal(`there is nothing to compute between ${list(range.inputs ?? model.inputs)} and ${list(outputs)}`),
    )
  }
  const unused = range.inputs?.find((name) => !walk.stops.has(name))
  if (unused !== undefined) {
    const others = range.inputs?.filter((name) => name !== unused) ?? []
    const given = others.length === 0 ? '' : ` once ${list(others)} ${others.length === 1 ? 'is' : 'are'} given`
    return failure(illegal(`${unused} is not needed for ${list(outputs)}${given}; leave it out`))
  }
  return success({
    inputs: range.inputs ?? (isRestricted(range) ? model.inputs.filter((name) => walk.stops.has(name)) : model.inputs),
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
  /** The given values at which the walk ended. */
  readonly stops: ReadonlySet<string>
  /** An input of the network that was reached although it is not given. */
  readonly unmet: string | undefined
  /** For each value of the walk, one that is made from it; undefined for outputs. */
  readonly towards: ReadonlyMap<string, string | undefined>
}

/** Everything that the outputs are made from, up to the given values. */
function walkBack(model: OnnxModel, given: ReadonlySet<string>, outputs: readonly string[]): WalkBack {
  const nodes = new Set<OnnxNode>()
  const weights = new Set<string>()
  const stops = new Set<string>()
  let unmet: string | undefined
  const towards = new Map<string, string | undefined>(outputs.map((name) => [name, undefined]))
  for (const [name] of towards) {
    const node = model.producers.get(name)
    if (given.has(name)) stops.add(name)
    else if (node !== undefined) {
      nodes.add(node)
      for (const input of node.inputs) if (!towards.has(input)) towards.set(input, name)
    } else if (model.weights.has(name)) weights.add(name)
    else unmet = name
  }
  return { nodes: [...nodes].sort((a, b) => a.index - b.index), weights, stops, unmet, towards }
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

/** Names what else the outputs need, as near to the given values as it can be had, and how they come by it. */
function bypassed(model: OnnxModel, given: ReadonlySet<string>, outputs: readonly string[]): AppError {
  const constants = constantParts(model)
  const before = walkBack(model, new Set(), [...given]).towards.keys()
  const reachable = new Set([...given, ...before, ...model.inputs].filter((name) => !constants.values.has(name)))
  const walk = walkBack(model, reachable, outputs)
  const missing = [...walk.stops].filter((name) => !given.has(name))
  const path: string[] = []
  for (let name = missing[0]; name !== undefined; name = walk.towards.get(name)) path.push(name)
  const shown = path.length > 6 ? [...path.slice(0, 4), '...', ...path.slice(-1)] : path
  const message = `${list([...given])} ${given.size === 1 ? 'does' : 'do'} not cut the network in two: ${path.at(-1)} also needs ${list(missing.slice(0, 4))}${missing.length > 4 ? ` and ${missing.length - 4} more` : ''}, by ${shown.join(' -> ')}. \`colliflow models cuts NAME\` lists every legal cut.`
  return new AppError('model.cut-illegal', message, { details: { inputs: [...given], missing, path } })
}

function illegal(why: string): AppError {
  return new AppError('model.cut-illegal', `This is no part of the network: ${why}.`)
}

function list(names: readonly string[]): string {
  return names.join(', ')
}
