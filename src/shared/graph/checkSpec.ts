import type { Dimension, TensorSpec } from '../tensor/tensorSpec.ts'
import { formatSpec } from '../tensor/tensorSpec.ts'
import type { Port } from './kindRegistry.ts'

/** In what a tensor differs from what an input takes. */
export type SpecMismatch = 'dtype' | 'encoding' | 'rank' | 'layout' | 'size'

/** What the symbols of one node's inputs stand for; one map per node, filled by checkSpec. */
export type SymbolBindings = Map<string, Dimension>

/**
 * The first difference between a tensor and what an input takes, or undefined if it fits. A number must equal a
 * number; null and the sender's symbols fit anything; a symbol of the input stands for one number in the whole node.
 */
export function checkSpec(found: TensorSpec, port: Port, bindings: SymbolBindings): SpecMismatch | undefined {
  if (port.accepts !== undefined) {
    const accepted = typeof port.accepts === 'string' ? [port.accepts] : port.accepts
    if (!accepted.includes(found.dtype)) return 'dtype'
  }
  const expected = port.expects
  if (expected === undefined) return undefined
  if (expected.dtype !== found.dtype) return 'dtype'
  if (expected.encoding !== undefined && expected.encoding.codec !== found.encoding?.codec) return 'encoding'
  if (expected.shape.length !== found.shape.length) return 'rank'
  if (expected.layout !== undefined && found.layout !== undefined && expected.layout !== found.layout) return 'layout'
  const fits = expected.shape.every((dimension, axis) => fitsDimension(dimension, found.shape[axis] ?? null, bindings))
  return fits ? undefined : 'size'
}

function fitsDimension(expected: Dimension, found: Dimension, bindings: SymbolBindings): boolean {
  if (expected === null || found === null) return true
  if (typeof expected === 'number') return typeof found === 'string' || expected === found
  const bound = bindings.get(expected)
  if (typeof bound !== 'number') {
    // A number says more than the sender's symbol, so it takes the symbol's place.
    if (bound === undefined || typeof found === 'number') bindings.set(expected, found)
    return true
  }
  return typeof found === 'string' || bound === found
}

/** What an input takes, in words: "float32 [N,3,224,224] NCHW", "uint8 or float32". */
export function formatPort(port: Port): string {
  if (port.expects !== undefined) return formatSpec(port.expects)
  if (port.accepts === undefined) return 'anything'
  return typeof port.accepts === 'string' ? port.accepts : port.accepts.join(' or ')
}
