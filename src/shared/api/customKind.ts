import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import type { Port, PortMap, SpecMap } from '../graph/kindRegistry.ts'
import { defineNodeKind, type NodeInputs, type NodeKind, type NodeOutputs } from '../node-kinds/nodeKind.ts'
import { numberedOutputs } from '../node-kinds/pairedPorts.ts'
import { takeInput } from '../node-kinds/takeInput.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'

/** What a frame gives: one tensor, one for each output, or nothing: then the frame is skipped. */
export type FrameResult = Tensor | readonly Tensor[] | undefined

/** A spec for each output, in order, or the only one; undefined where the run will tell. */
export type InferredSpecs = TensorSpec | readonly TensorSpec[] | undefined

/** User code as a node: ports in1 to inN and out1 to outM. */
export interface CustomCode {
  readonly name: string
  readonly inputs: readonly Port[]
  readonly outputCount: number
  inferOutputs(inputs: readonly TensorSpec[]): InferredSpecs
  /** Exactly one of these: once a frame, or once a run over all frames. */
  forwardFrame?(inputs: readonly Tensor[]): FrameResult | Promise<FrameResult>
  forwardStream?(frames: AsyncIterable<readonly Tensor[]>): AsyncIterable<FrameResult>
}

export const customPrefix = 'custom:'

/** The kind of a module that exists only in this process: a device elsewhere does not have it and refuses the node. */
export function customKind(code: CustomCode): NodeKind {
  const { name, outputCount } = code
  const inputs: PortMap = Object.fromEntries(code.inputs.map((port, index) => [`in${index + 1}`, port]))
  const ports = Object.keys(inputs)
  const base = {
    id: `${customPrefix}${name}`,
    version: 1,
    label: name,
    group: 'Custom',
    summary: `Runs ${name} of the program that built the graph.`,
    role: outputCount === 0 ? 'sink' : 'step',
    params: z.strictObject({}),
    inputs,
    outputs: numberedOutputs(outputCount),
    inferOutputs: (_params: unknown, specs: SpecMap) => {
      const known = ports.flatMap((port) => specs[port] ?? [])
      return known.length < ports.length ? {} : toRecord(name, outputCount, code.inferOutputs(known), 'specs')
    },
  } as const
  const { forwardFrame, forwardStream } = code
  if (forwardStream !== undefined) {
    return defineNodeKind({
      ...base,
      numbering: 'fresh',
      async *stream(frames): AsyncIterable<NodeOutputs> {
        const tensors = mapStream(frames, ({ inputs: given }) => tensorsOf(ports, given))
        for await (const result of forwardStream(tensors)) {
          if (result !== undefined) yield toRecord(name, outputCount, result, 'tensors')
        }
      },
    })
  }
  const toOutputs = (result: FrameResult): NodeOutputs | undefined =>
    result === undefined ? undefined : toRecord(name, outputCount, result, 'tensors')
  return defineNodeKind({
    ...base,
    execute: (given) => {
      const result = forwardFrame?.(tensorsOf(ports, given))
      return result instanceof Promise ? result.then(toOutputs) : toOutputs(result)
    },
  })
}

function tensorsOf(ports: readonly string[], inputs: NodeInputs): readonly Tensor[] {
  return ports.map((port) => takeInput(inputs, port))
}

async function* mapStream<T, U>(items: AsyncIterable<T>, convert: (item: T) => U): AsyncIterable<U> {
  for await (const item of items) yield convert(item)
}

/** By port: out1 to outN. */
function toRecord<T extends object>(
  name: string,
  count: number,
  values: T | readonly T[] | undefined,
  what: 'specs' | 'tensors',
): Readonly<Record<string, T>> {
  if (values === undefined) return {}
  const list: readonly T[] = isList(values) ? values : [values]
  if (list.length === count) return Object.fromEntries(list.map((value, index) => [`out${index + 1}`, value]))
  const message = `${name} has outputCount ${count}, but gave ${list.length} ${what}. Give one for each output.`
  throw new AppError('node.failed', message)
}

/** Array.isArray that keeps the element type of a readonly array. */
function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}
