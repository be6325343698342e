import {
  type GraphProto,
  TensorProto_DataLocation as Location,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf'
import { AppError } from '../errors/appError.ts'
import { attributesOf } from './attributes.ts'
import { dataTypeOfElement, elementName } from './elementType.ts'

/** Subgraphs inside subgraphs; real networks have one or two levels. */
const maxDepth = 16

/**
 * Refuses what other devices could not run: weights in other files, operators that are not of the standard, element
 * types that we do not carry. Throws `model.external-data`, `model.custom-domain`, `model.element-type-unsupported`.
 */
export function checkContents(proto: ModelProto, graph: GraphProto): void {
  const [own] = proto.functions
  if (own !== undefined) throw customDomain(`function ${own.domain}.${own.name}`)
  for (const port of [...graph.input, ...graph.output]) checkPort(port)
  checkGraph(graph, 0)
}

function checkGraph(graph: GraphProto, depth: number): void {
  if (depth > maxDepth) {
    throw new AppError('model.graph-invalid', `The network has subgraphs nested deeper than ${maxDepth}.`)
  }
  for (const tensor of graph.initializer) checkTensor(tensor, tensor.name)
  for (const { values, indices } of graph.sparseInitializer) {
    for (const tensor of [values, indices]) if (tensor) checkTensor(tensor, values?.name ?? '')
  }
  for (const node of graph.node) checkNode(node, depth)
}

function checkNode(node: NodeProto, depth: number): void {
  if (node.domain !== '' && node.domain !== 'ai.onnx') throw customDomain(`${node.domain}.${node.opType}`)
  for (const attribute of node.attribute) {
    if (attribute.g) checkGraph(attribute.g, depth + 1)
    for (const each of attribute.graphs) checkGraph(each, depth + 1)
    for (const tensor of [...attribute.tensors, ...(attribute.t ? [attribute.t] : [])]) {
      checkTensor(tensor, node.output[0] ?? node.name)
    }
  }
  const castTo = node.opType === 'Cast' ? attributesOf(node).int('to') : undefined
  if (castTo !== undefined) checkElement(castTo, node.output[0] ?? node.name)
}

function checkPort({ name, type }: ValueInfoProto): void {
  const kind = type?.value.case
  if (type?.value.case === 'tensorType') checkElement(type.value.value.elemType, name)
  else if (kind !== undefined) {
    const message = `Value ${name} of the network is no tensor (${kind}); only tensors can be carried between devices.`
    throw new AppError('model.element-type-unsupported', message, { details: { tensor: name } })
  }
}

function checkTensor(tensor: TensorProto, name: string): void {
  if (tensor.dataLocation === Location.EXTERNAL || tensor.externalData.length > 0) {
    const file = tensor.externalData.find(({ key }) => key === 'location')?.value ?? 'another file'
    const message = `The weights of ${name} are in ${file}, outside of the ONNX file. Save the model again as one file.`
    throw new AppError('model.external-data', message, { details: { tensor: name, file } })
  }
  checkElement(tensor.dataType, name)
}

function checkElement(element: number, name: string): void {
  if (dataTypeOfElement(element) !== undefined) return
  const type = elementName(element)
  const message = `Tensor ${name} has element type ${type}, which is not carried between devices. Export the model with another one.`
  throw new AppError('model.element-type-unsupported', message, { details: { tensor: name, type } })
}

function customDomain(what: string): AppError {
  const message = `The model uses ${what}, which is not of the standard ONNX operators. Export it with standard ones.`
  return new AppError('model.custom-domain', message, { details: { operator: what } })
}
