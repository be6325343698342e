import type { Dimension, Shape } from '../../tensor/tensorSpec.ts'

/** A size worked out from a size: unknown for symbols, never below zero. */
export function mapSize(dimension: Dimension, change: (size: number) => number): Dimension {
  return typeof dimension === 'number' ? Math.max(0, change(dimension)) : null
}

export function multiply(a: Dimension, b: Dimension): Dimension {
  if (a === 1) return b
  if (b === 1) return a
  if (a === 0 || b === 0) return 0
  return typeof a === 'number' && typeof b === 'number' ? a * b : null
}

export function productOf(shape: Shape): Dimension {
  return shape.reduce<Dimension>(multiply, 1)
}

export function add(a: Dimension, b: Dimension): Dimension {
  if (a === 0) return b
  if (b === 0) return a
  return typeof a === 'number' && typeof b === 'number' ? a + b : null
}

/** The shape of an element by element result (numpy's rules), or undefined where the shapes do not go together. */
export function broadcast(...shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: readonly Dimension[] = []
  for (const shape of shapes) {
    if (shape === undefined) return undefined
    const rank = Math.max(result.length, shape.length)
    const joined: Dimension[] = []
    for (let axis = 0; axis < rank; axis++) {
      const a = result[axis - rank + result.length] ?? (axis < rank - result.length ? 1 : null)
      const b = shape[axis - rank + shape.length] ?? (axis < rank - shape.length ? 1 : null)
      joined.push(broadcastDimension(a, b))
    }
    result = joined
  }
  return result
}

function broadcastDimension(a: Dimension, b: Dimension): Dimension {
  if (a === 1) return b
  if (b === 1 || a === b) return a
  // A number above 1 settles what the other one must be.
  if (typeof a === 'number') return a
  if (typeof b === 'number') return b
  return null
}

/**
 * The sizes meant by a Reshape's target, where -1 stands for what is left of `shape` and 0 (already replaced by the
 * caller) for a kept size. A symbol that is left over alone, as the batch in [N,1024,1,1] -> [-1,1024], is kept.
 */
export function fillIn(shape: Shape | undefined, target: readonly Dimension[]): Shape {
  const free = target.indexOf(-1)
  if (free === -1) return target
  const rest = target.filter((_, axis) => axis !== free)
  return target.map((size, axis) => (axis === free ? quotient(shape, rest) : size))
}

function quotient(shape: Shape | undefined, divisor: readonly Dimension[]): Dimension {
  if (shape === undefined) return null
  const left = [...shape]
  let known = 1
  for (const size of divisor) {
    if (typeof size === 'number') known *= size
    else {
      const same = size === null ? -1 : left.indexOf(size)
      if (same === -1) return null
      left.splice(same, 1)
    }
  }
  const symbols = left.filter((size) => typeof size !== 'number')
  const numbers = left.reduce<number>((product, size) => (typeof size === 'number' ? product * size : product), 1)
  const [symbol] = symbols
  if (symbols.length === 0) return known === 0 ? null : numbers / known
  return symbols.length === 1 && numbers === known && symbol !== undefined ? symbol : null
}
