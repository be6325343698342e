import { dirname, resolve } from 'node:path'
import { readGraphFile, writeGraphFile } from '../host/documents/graphFile.ts'
import { calibrateGraph } from '../host/measure/calibrateGraph.ts'
import { createModelLibrary } from '../host/models/modelLibrary.ts'
import { unwrap } from '../shared/errors/result.ts'
import { runCommand } from './commandContext.ts'

/** `colliflow calibrate FILE --photos DIR`: fits the codecs' tables, stores them beside the graph, rewrites the graph. */
export async function calibrate(
  file: string,
  options: { readonly photos: string; readonly json?: boolean },
): Promise<void> {
  await runCommand(options, async (context) => {
    const graph = unwrap(await readGraphFile(file))
    const { graph: calibrated, outcomes } = await calibrateGraph({
      graph,
      folder: dirname(resolve(file)),
      photos: resolve(options.photos),
      library: createModelLibrary(),
      signal: context.signal,
      onProgress: (node, photos, step) =>
        context.progress.show(
          step === 'collect'
            ? `Collecting for ${node}: ${photos} pictures`
            : `Fitting ${node} to ${photos} pictures ...`,
        ),
    })
    unwrap(await writeGraphFile(file, calibrated))
    for (const outcome of outcomes) {
      const { node, hash, photos, levels } = outcome
      context.emit({ type: 'calibration', ...outcome })
      if (!context.json)
        context.print(`${node}: ${levels} levels fitted on ${photos} pictures, calibrations/${hash}.json`)
    }
    return 0
  })
}
