import { dirname, resolve } from 'node:path'
import { readGraphFile } from '../host/documents/graphFile.ts'
import { validateGraph } from '../host/documents/validateGraph.ts'
import { createLazyModelLibrary } from '../host/models/lazyModelLibrary.ts'
import { runCommand } from './commandContext.ts'

/** `colliflow validate FILE`: every problem with its place; exit 1 if one is an error. */
export async function validate(file: string, options: { readonly json?: boolean }): Promise<void> {
  await runCommand(options, async (context) => {
    const read = await readGraphFile(file)
    if (!read.ok) {
      const { code, message } = read.error
      context.emit({ code, severity: 'error', at: file, message })
      throw read.error
    }
    const folder = dirname(resolve(file))
    const problems = await validateGraph(read.value, { library: createLazyModelLibrary(), folder })
    for (const { code, severity, at, message, fix } of problems) {
      context.emit({ code, severity, at, message, ...(fix && { fix: fix.title }) })
      if (context.json) continue
      context.print(`${severity}  ${at}: ${message}  [${code}]`)
      if (fix !== undefined) context.print(`       fix: ${fix.title}`)
    }
    const errors = problems.filter(({ severity }) => severity === 'error').length
    const warnings = problems.length - errors
    context.note(
      problems.length === 0 ? `${file} has no problems.` : `${count(errors, 'error')}, ${count(warnings, 'warning')}.`,
    )
    return errors > 0 ? 1 : 0
  })
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
