import { z } from 'zod'
import type { PortMap, SpecMap } from '../graph/kindRegistry.ts'
import type { NodeInputs, NodeOutputs } from './nodeKind.ts'

/** The parameter of joins: how many streams. */
export const inputCount = z.int().min(2).max(8).default(2).describe('Number of streams, 2 to 8.')

/** Ports in1 to inN. */
export function numberedInputs(count: number): PortMap {
  return numbered('in', 'Input', count)
}

/** Ports out1 to outN. */
export function numberedOutputs(count: number): PortMap {
  return numbered('out', 'Output', count)
}

function numbered(prefix: string, label: string, count: number): PortMap {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return Object.fromEntries(numbers.map((number) => [`${prefix}${number}`, { label: `${label} ${number}` }]))
}

/** What is at in1 to inN, at out1 to outN: specs while a graph is checked, tensors while it runs. */
export function passThrough(values: NodeInputs): NodeOutputs
export function passThrough(values: SpecMap): SpecMap
export function passThrough(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([port, value]) => [port.replace(/^in/, 'out'), value]))
}
