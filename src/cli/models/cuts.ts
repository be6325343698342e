import { createModelLibrary } from '../../host/models/modelLibrary.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { runCommand } from '../commandContext.ts'
import { formatBytes, formatTable } from '../format.ts'

const widest = 8

/** `colliflow models cuts NAME`: every legal cut in topological order. */
export async function listCuts(
  name: string,
  options: { readonly maxWidth: string; readonly json?: boolean },
): Promise<void> {
  await runCommand(options, async (context) => {
    const maxWidth = Number(options.maxWidth)
    if (!Number.isInteger(maxWidth) || maxWidth < 1 || maxWidth > widest) {
      throw new AppError('usage.invalid', `--max-width ${options.maxWidth}: expected a number from 1 to ${widest}.`)
    }
    const { cuts, incomplete } = unwrap(await createModelLibrary().cuts(name, maxWidth))
    for (const { id, tensors, bytes, headWeightBytes, tailWeightBytes } of cuts) {
      context.emit({ id, tensors, bytes, headWeightBytes, tailWeightBytes })
    }
    if (!context.json) {
      const rows = cuts.map(({ id, tensors, bytes, headWeightBytes, tailWeightBytes }) => [
        id,
        tensors.map(({ shape }) => (shape === null ? '?' : shape.map((size) => size ?? '?').join('x'))).join(' + '),
        bytes === null ? '?' : formatBytes(bytes),
        formatBytes(headWeightBytes),
        formatBytes(tailWeightBytes),
      ])
      for (const line of formatTable(['cut', 'shape', 'crosses', 'head weights', 'tail weights'], rows))
        context.print(line)
    }
    const wide = maxWidth === 1 ? 'one tensor' : `at most ${maxWidth} tensors`
    context.note(`${cuts.length} cuts of ${wide}.`)
    if (incomplete)
      context.note('Some multi-tensor cuts of a very branched part are left out; all of one tensor are here.')
    return 0
  })
}
