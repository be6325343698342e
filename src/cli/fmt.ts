import { readGraphFile, readText, writeGraphFile } from '../host/documents/graphFile.ts'
import { unwrap } from '../shared/errors/result.ts'
import { writeGraph } from '../shared/graph/writeGraph.ts'
import { runCommand } from './commandContext.ts'

/** `colliflow fmt FILE [--check]`: the canonical form, written in place, or only compared. */
export async function fmt(file: string, options: { readonly check?: boolean; readonly json?: boolean }): Promise<void> {
  await runCommand(options, async (context) => {
    const graph = unwrap(await readGraphFile(file))
    const canonical = unwrap(await readText(file)) === writeGraph(graph)
    if (options.check === true) {
      context.emit({ type: 'format', file, canonical })
      if (!context.json)
        context.print(canonical ? `${file} is canonical.` : `${file} is not canonical; run: colliflow fmt ${file}`)
      return canonical ? 0 : 1
    }
    if (!canonical) unwrap(await writeGraphFile(file, graph))
    context.emit({ type: 'format', file, canonical: true, changed: !canonical })
    if (!context.json) context.print(canonical ? `${file} was canonical already.` : `${file} rewritten.`)
    return 0
  })
}
