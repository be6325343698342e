/** What makes a value no JSON that a document may hold, and where. */
export interface JsonFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Arrays and objects inside each other; deeper documents are refused so that no walk over them overflows the stack. */
const maxJsonDepth = 64

/**
 * The first reason why `value` is not plain JSON that survives being written and read again: a key "__proto__", a
 * number that JSON has no text for, nesting beyond maxJsonDepth, or something that is no JSON at all.
 */
export function findJsonFault(value: unknown, depth = 0): JsonFault | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { path: [], message: 'the number is too large for a double' }
  }
  if (typeof value !== 'object') return { path: [], message: `expected JSON, found ${typeof value}` }
  if (depth === maxJsonDepth) return { path: [], message: `more than ${maxJsonDepth} levels of nesting` }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const fault = findJsonFault(item, depth + 1)
      if (fault !== undefined) return { ...fault, path: [index, ...fault.path] }
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return { path: [], message: 'expected JSON, found an instance of a class' }
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') return { path: [key], message: 'the key "__proto__" is not allowed' }
    const fault = findJsonFault(item, depth + 1)
    if (fault !== undefined) return { ...fault, path: [key, ...fault.path] }
  }
  return undefined
}
