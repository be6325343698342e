import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { failure, type Result } from '../../shared/errors/result.ts'
import { writeWhole } from '../documents/graphFile.ts'

/** Writes a whole file, making the folders above it where they are missing. Fails with `file.write-failed`. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<Result<void>> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (cause) {
    const message = `Folder ${dirname(path)} cannot be made: ${messageOf(cause)}.`
    return failure(new AppError('file.write-failed', message, { cause }))
  }
  return writeWhole(path, content)
}
