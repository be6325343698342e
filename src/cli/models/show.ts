import { createModelLibrary } from '../../host/models/modelLibrary.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { formatSpec } from '../../shared/tensor/tensorSpec.ts'
import { runCommand } from '../commandContext.ts'
import { formatBytes } from '../format.ts'

/** `colliflow models show NAME`: what a model is and where it came from. */
export async function showModel(name: string, options: { readonly json?: boolean }): Promise<void> {
  await runCommand(options, async (context) => {
    const model = unwrap(await createModelLibrary().show(name))
    context.emit({ type: 'model', ...model })
    if (context.json) return 0
    const { inputs, outputs, ...facts } = model
    context.print(model.title ?? model.name)
    const ports = (specs: typeof inputs) => Object.entries(specs).map(([port, spec]) => `${port}: ${formatSpec(spec)}`)
    for (const line of ports(inputs)) context.print(`  input    ${line}`)
    for (const line of ports(outputs)) context.print(`  output   ${line}`)
    const rows = [
      ['preset', facts.preset],
      ['labels', facts.labels],
      ['source', facts.source],
      ['licence', facts.licence],
      ['size', formatBytes(facts.bytes)],
      ['sha256', facts.sha256],
      ['file', facts.file],
    ]
    for (const [label, value] of rows) if (value !== undefined) context.print(`  ${label?.padEnd(8)} ${value}`)
    return 0
  })
}
