import { dirname, resolve } from 'node:path'
import { readGraphFile } from '../host/documents/graphFile.ts'
import { evaluateGraph } from '../host/measure/evaluateGraph.ts'
import { readLabelsCsv } from '../host/measure/readLabelsCsv.ts'
import { createModelLibrary } from '../host/models/modelLibrary.ts'
import { unwrap } from '../shared/errors/result.ts'
import { runCommand } from './commandContext.ts'
import { formatBytes, formatMs, formatShare } from './format.ts'
import { parseAddresses } from './run.ts'

/** `colliflow evaluate FILE --photos DIR --labels CSV`: accuracy and agreement, bytes and latency. */
export async function evaluate(
  file: string,
  options: {
    readonly photos: string
    readonly labels: string
    readonly device?: readonly string[]
    readonly json?: boolean
  },
): Promise<void> {
  await runCommand(options, async (context) => {
    const labels = await readLabelsCsv(options.labels)
    const result = await evaluateGraph({
      graph: unwrap(await readGraphFile(file)),
      folder: dirname(resolve(file)),
      photos: resolve(options.photos),
      labels,
      library: createModelLibrary(),
      addresses: parseAddresses(options.device ?? []),
      outputDir: resolve('.'),
      signal: context.signal,
      onProgress: (phase, frames) =>
        context.progress.show(`Running the ${phase}: ${frames} of ${labels.size} pictures`),
      onWarning: (message) => context.note(`warning: ${message}`),
    })
    context.emit({ ...result })
    if (context.json) return 0
    const { top1, top5, uncut, agreement, wireBytesPerFrame, latencyMs, frames, skipped } = result
    context.print(`${frames} pictures${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    context.print(`top-1      ${formatShare(top1)}   (uncut network ${formatShare(uncut.top1)})`)
    context.print(`top-5      ${formatShare(top5)}   (uncut network ${formatShare(uncut.top5)})`)
    context.print(`agreement  ${formatShare(agreement)}   of the best labels are those of the uncut network`)
    context.print(`wire       ${formatBytes(wireBytesPerFrame)} a frame`)
    context.print(`latency    p50 ${formatMs(latencyMs.p50)}, p95 ${formatMs(latencyMs.p95)}`)
    return 0
  })
}
