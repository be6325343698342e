import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import type { Graph } from '../../shared/graph/graph.ts'
import { parseGraph } from '../../shared/graph/parseGraph.ts'
import { writeGraph } from '../../shared/graph/writeGraph.ts'

/** Reads and parses a graph file. Fails with file.* or graph.* and the path in the message. */
export async function readGraphFile(path: string): Promise<Result<Graph>> {
  const text = await readText(path)
  if (!text.ok) return text
  const parsed = parseGraph(text.value)
  if (parsed.ok) return parsed
  const { code, message, details, cause } = parsed.error
  return failure(new AppError(code, `${path}: ${message}`, { details: { ...details, path }, cause }))
}

/** Writes the canonical text; the old file stays whole until the new one is complete. Fails with file.write-failed. */
export async function writeGraphFile(path: string, graph: Graph): Promise<Result<void>> {
  return writeWhole(path, writeGraph(graph))
}

/** A whole file as UTF-8. Fails with file.not-found or file.unreadable (a folder, no permission). */
export async function readText(path: string): Promise<Result<string>> {
  try {
    return success(await readFile(path, 'utf8'))
  } catch (error) {
    const missing = isErrno(error, 'ENOENT')
    const folder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (folder) return failure(new AppError('file.unreadable', `${path} is a folder; name a file.`, { cause: error }))
    const message = missing
      ? `There is no file ${path}. Check the name, or the folder you are in.`
      : `File ${path} cannot be read: ${messageOf(error)}.`
    return failure(new AppError(missing ? 'file.not-found' : 'file.unreadable', message, { cause: error }))
  }
}

/** Writes beside the target and renames, so that a crash or a full disk never leaves half a file. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<Result<void>> {
  const partial = join(dirname(path), `.${randomUUID()}.part`)
  try {
    await writeFile(partial, content)
    await rename(partial, path)
    return success(undefined)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined) // the first failure is the one to report
    const message = `File ${path} cannot be written: ${messageOf(error)}. The old content, if any, is unchanged.`
    return failure(new AppError('file.write-failed', message, { cause: error }))
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
