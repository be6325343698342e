/** Where text stops being JSON. Lines and columns count from 1, columns in UTF-16 units. */
export interface JsonSyntaxFault {
  readonly line: number
  readonly column: number
  readonly expected: string
  readonly found: string
}

type Expectation = 'a value' | 'a value or "]"' | 'a key in quotes' | 'a key in quotes or "}"' | '":"' | 'end' | 'next'

const literalPattern = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y

/**
 * Locates the fault of text that JSON.parse has refused: engines word their messages differently and often leave the
 * position out. Returns undefined for valid JSON. Works without recursion, so nesting cannot overflow the stack.
 */
export function findJsonSyntaxFault(text: string): JsonSyntaxFault | undefined {
  const open: ('{' | '[')[] = []
  let expected: Expectation = 'a value'
  let at = 0
  const afterValue = (): Expectation => (open.length === 0 ? 'end' : 'next')
  for (;;) {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at++
    const character = text[at]
    if (character === undefined) return expected === 'end' ? undefined : faultAt(text, at, describe(expected, open))
    const container = open.at(-1)
    if (expected === 'end') return faultAt(text, at, 'the end of the file')
    if (expected === '":"') {
      if (character !== ':') return faultAt(text, at, expected)
      at++
      expected = 'a value'
    } else if (expected === 'next') {
      if (character === ',') expected = container === '{' ? 'a key in quotes' : 'a value'
      else if (character === (container === '{' ? '}' : ']')) {
        open.pop()
        expected = afterValue()
      } else return faultAt(text, at, describe(expected, open))
      at++
    } else if (expected === 'a key in quotes' || expected === 'a key in quotes or "}"') {
      if (character === '}' && expected !== 'a key in quotes') {
        open.pop()
        at++
        expected = afterValue()
      } else if (character === '"') {
        const end = endOfString(text, at)
        if (typeof end !== 'number') return faultAt(text, end.at, end.expected)
        at = end
        expected = '":"'
      } else return faultAt(text, at, expected)
    } else if (character === '{' || character === '[') {
      open.push(character)
      at++
      expected = character === '{' ? 'a key in quotes or "}"' : 'a value or "]"'
    } else if (character === ']' && expected === 'a value or "]"') {
      open.pop()
      at++
      expected = afterValue()
    } else if (character === '"') {
      const end = endOfString(text, at)
      if (typeof end !== 'number') return faultAt(text, end.at, end.expected)
      at = end
      expected = afterValue()
    } else {
      literalPattern.lastIndex = at
      const literal = literalPattern.exec(text)
      if (literal === null) return faultAt(text, at, expected)
      at += literal[0].length
      expected = afterValue()
    }
  }
}

function describe(expected: Expectation, open: readonly string[]): string {
  if (expected !== 'next') return expected
  return open.at(-1) === '{' ? '"," or "}"' : '"," or "]"'
}

/** Offset behind the closing quote of the string that opens at `start`, or where the string goes wrong. */
function endOfString(text: string, start: number): number | { readonly at: number; readonly expected: string } {
  for (let at = start + 1; ; at++) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === undefined || character < ' ') return { at, expected: 'a closing quote' }
    if (character !== '\\') continue
    const escaped = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(text.slice(at + 1, at + 6))
    if (escaped === null) return { at, expected: 'a valid escape such as \\n or \\u0041' }
    at += escaped[0].length
  }
}

function faultAt(text: string, offset: number, expected: string): JsonSyntaxFault {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  const character = text[offset]
  return { line, column, expected, found: character === undefined ? 'the end of the file' : JSON.stringify(character) }
}
