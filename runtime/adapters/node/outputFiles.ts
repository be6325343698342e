import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, messageOf } from '../../../src/shared/errors/appError.ts'
import type { OutputFiles } from '../../../src/shared/node-kinds/nodeContext.ts'

/** Letters, digits and a few marks, not beginning with a dot: the same file on every system, never a path. */
const baseName = /^[\p{L}\p{N}_][\p{L}\p{N} ._()+-]{0,199}$/u
const reservedOnWindows = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i

/**
 * Files inside one folder, for the sinks of a device; each is begun anew. Fails with `graph.params-invalid` for a name
 * that is not a plain file name and with `file.write-failed`.
 */
export function createOutputFiles(folder: string): OutputFiles {
  return {
    async open(name) {
      if (!baseName.test(name) || reservedOnWindows.test(name) || /[. ]$/.test(name)) {
        const message = `Output file "${name}": expected a plain file name such as results.csv, without folders.`
        throw new AppError('graph.params-invalid', message)
      }
      const path = join(folder, name)
      const file = await attempt(path, async () => {
        await mkdir(folder, { recursive: true })
        return await open(path, 'w')
      })
      return {
        path,
        append: (bytes) => attempt(path, async () => void (await file.appendFile(bytes))),
        close: () => attempt(path, () => file.close()),
      }
    },
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const message = `${path} cannot be written: ${messageOf(error)}. Check the folder's permissions and free space.`
    throw new AppError('file.write-failed', message, { cause: error, details: { path } })
  }
}
