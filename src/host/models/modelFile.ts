import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256 } from '../../node/sha256.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { maxModelBytes } from '../../shared/onnx/readModel.ts'
import { writeNewFile } from './writeNewFile.ts'

export interface ModelFile {
  readonly bytes: Uint8Array
  /** SHA-256, hex. */
  readonly hash: string
}

/** Reads a file of at most 1 GiB. Fails with file.*. */
export async function readModelFile(path: string): Promise<Result<ModelFile>> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return failure(new AppError('file.unreadable', `${path} is a folder; name an ONNX file.`))
    const { size } = found
    if (size > maxModelBytes) {
      const message = `${path} has ${size} bytes; models of at most ${maxModelBytes} (1 GiB) are read.`
      return failure(new AppError('file.too-large', message))
    }
    const bytes = await readFile(path)
    return success({ bytes, hash: sha256(bytes) })
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const message = isMissing ? `There is no file ${path}.` : `File ${path} cannot be read: ${messageOf(cause)}.`
    return failure(new AppError(isMissing ? 'file.not-found' : 'file.unreadable', message, { cause }))
  }
}

/** Whether the file is there and has this SHA-256. */
export async function isIntact(path: string, hash: string): Promise<boolean> {
  const read = await readModelFile(path)
  return read.ok && read.value.hash === hash
}

/** Puts a file where the library keeps it, by copying or by moving it. Fails with `file.write-failed`. */
export async function storeModelFile(
  from: string,
  to: string,
  { bytes, hash }: ModelFile,
  isMoved: boolean,
): Promise<Result<void>> {
  if (!isMoved) return (await isIntact(to, hash)) ? success(undefined) : writeNewFile(to, bytes)
  try {
    await mkdir(dirname(to), { recursive: true })
    await rename(from, to)
    return success(undefined)
  } catch (cause) {
    const message = `File ${from} cannot be moved to ${to}: ${messageOf(cause)}.`
    return failure(new AppError('file.write-failed', message, { cause }))
  }
}
