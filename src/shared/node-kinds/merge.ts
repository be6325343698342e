import { z } from 'zod'
import { BugError } from '../errors/bugError.ts'
import type { SpecMap } from '../graph/kindRegistry.ts'
import type { Dimension, TensorSpec } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, InputRefusal, refuseInput } from './nodeKind.ts'
import { inputCount, numberedInputs } from './pairedPorts.ts'

export const merge = defineNodeKind({
  id: 'merge',
  version: 1,
  label: 'Merge',
  group: 'Flow',
  summary: 'Puts the frames of several streams into one, as they arrive, and numbers them afresh.',
  join: 'merge',
  numbering: 'fresh',
  params: z.strictObject({ inputs: inputCount }),
  inputs: ({ inputs }) => numberedInputs(inputs),
  outputs: { out: { label: 'Merged' } },
  inferOutputs: ({ inputs: count }, specs) => {
    const merged = mergeSpecs(specs)
    if (merged === undefined || merged instanceof InputRefusal) return merged ?? {}
    // Until every stream has a known type, nothing is promised about the whole.
    return Object.keys(specs).length < count ? {} : { out: merged }
  },
  execute(tensors) {
    const [tensor] = Object.values(tensors)
    if (tensor === undefined) throw new BugError('A merge was called without a frame')
    return { out: tensor }
  },
})

/** What is true of all streams: a dimension in which they differ is unknown. Dtype, rank and encoding must be equal. */
function mergeSpecs(specs: SpecMap): TensorSpec | InputRefusal | undefined {
  let merged: TensorSpec | undefined
  for (const [port, spec] of Object.entries(specs)) {
    const before: TensorSpec | undefined = merged
    if (before === undefined) {
      merged = spec
      continue
    }
    if (before.dtype !== spec.dtype) {
      const adapter = isOpaque(before) || isOpaque(spec) ? undefined : { kind: 'cast', params: { dtype: before.dtype } }
      return refuseInput(port, differs(before, spec, 'dtype'), adapter)
    }
    if (before.shape.length !== spec.shape.length) return refuseInput(port, differs(before, spec, 'rank'))
    if (before.layout !== spec.layout && before.layout !== undefined && spec.layout !== undefined) {
      return refuseInput(port, differs(before, spec, 'layout'), { kind: 'layout', params: { to: before.layout } })
    }
    if (JSON.stringify(before.encoding) !== JSON.stringify(spec.encoding)) {
      return refuseInput(port, differs(before, spec, 'encoding'))
    }
    const shape = before.shape.map((dimension, axis): Dimension => (dimension === spec.shape[axis] ? dimension : null))
    merged = { ...before, shape }
  }
  return merged
}

function differs(before: TensorSpec, spec: TensorSpec, what: string): string {
  return `Merge takes streams of one type, but this one is ${formatSpec(spec)} and another ${formatSpec(before)}: they differ in ${what}.`
}

function isOpaque({ dtype }: TensorSpec): boolean {
  return dtype === 'bytes' || dtype === 'string'
}
