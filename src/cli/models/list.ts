import { createModelLibrary } from '../../host/models/modelLibrary.ts'
import { runCommand } from '../commandContext.ts'
import { formatBytes, formatTable } from '../format.ts'

/** `colliflow models list`: what `onnx-model` nodes may name. */
export async function listModels(options: { readonly json?: boolean }): Promise<void> {
  await runCommand(options, async (context) => {
    const models = await createModelLibrary().list()
    for (const model of models) context.emit({ type: 'model', ...model })
    if (context.json) return 0
    const rows = models.map(({ name, bytes, preset, labels, origin }) => [
      name,
      formatBytes(bytes),
      preset ?? '-',
      labels ?? '-',
      origin,
    ])
    for (const line of formatTable(['model', 'size', 'preset', 'labels', 'origin'], rows)) context.print(line)
    return 0
  })
}
