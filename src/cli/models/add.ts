import { createModelLibrary } from '../../host/models/modelLibrary.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { presets } from '../../shared/node-kinds/presets.ts'
import { runCommand } from '../commandContext.ts'

/** `colliflow models add FILE`: checks an ONNX file and copies it into the cache. */
export async function addModel(
  file: string,
  options: { readonly name?: string; readonly preset?: string; readonly labels?: string; readonly json?: boolean },
): Promise<void> {
  await runCommand(options, async (context) => {
    const { name, preset, labels } = options
    if (preset !== undefined && !Object.hasOwn(presets, preset)) {
      throw new AppError('usage.invalid', `--preset ${preset}: expected one of ${Object.keys(presets).join(', ')}.`)
    }
    const card = unwrap(
      await createModelLibrary().add(file, {
        ...(name && { name }),
        ...(preset && { preset }),
        ...(labels && { labels }),
      }),
    )
    context.emit({ type: 'model', ...card })
    if (!context.json) {
      context.print(`Added ${card.name}. Next: colliflow models cuts ${card.name}`)
    }
    if (preset === undefined) context.note('No --preset given: a graph must say itself how pictures become its input.')
    return 0
  })
}
