import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'

export interface DownloadProgress {
  /** Bytes of the file that are here, those of earlier attempts included. */
  readonly bytes: number
  readonly totalBytes: number
  /** Over this call, 0 at its beginning. */
  readonly bytesPerSecond: number
}

export interface DownloadRequest {
  readonly url: string
  /** Where the bytes are gathered; what is there already is not fetched again. */
  readonly partFile: string
  readonly totalBytes: number
  readonly signal?: AbortSignal | undefined
  onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/** Connections that bring something but break are tried again this often. */
const maxAttempts = 5

/**
 * Fetches a file of known size by HTTP into `partFile` and goes on where an earlier call, or a broken connection, left
 * off (Range requests, RFC 9110 section 14; a server without them starts again from the first byte). The file stays on
 * every failure, so that the next call can continue. Fails with `model.download-failed`, `file.write-failed` or
 * `run.cancelled`.
 */
export async function download(request: DownloadRequest): Promise<Result<void>> {
  const { partFile, totalBytes } = request
  let file: FileHandle
  try {
    await mkdir(dirname(partFile), { recursive: true })
    file = await open(partFile, 'a+')
  } catch (cause) {
    return failure(writeError(partFile, cause))
  }
  try {
    const startedAt = performance.now()
    const startBytes = (await file.stat()).size
    const report = (bytes: number): void => {
      const seconds = (performance.now() - startedAt) / 1000
      const bytesPerSecond = seconds > 0 ? Math.max(0, bytes - startBytes) / seconds : 0
      request.onProgress?.({ bytes, totalBytes, bytesPerSecond })
    }
    for (let attempt = 1; ; attempt++) {
      const before = (await file.stat()).size
      if (before >= totalBytes) return success(undefined)
      const fault = await fetchRest(request, file, before, report)
      const after = (await file.stat()).size
      if (fault === undefined && after >= totalBytes) return success(undefined)
      const canGoOn = after > before && (fault === undefined || fault.code === 'model.download-failed')
      if (canGoOn && attempt < maxAttempts) continue
      return failure(fault ?? downloadError(request.url, `it ended after ${after} of ${totalBytes} bytes`))
    }
  } finally {
    await file.close()
  }
}

async function fetchRest(
  { url, partFile, totalBytes, signal }: DownloadRequest,
  file: FileHandle,
  from: number,
  report: (bytes: number) => void,
): Promise<AppError | undefined> {
  let bytes = from
  try {
    const headers = from === 0 ? {} : { range: `bytes=${from}-` }
    const response = await fetch(url, { headers, ...(signal && { signal }) })
    if (!response.ok) {
      await response.body?.cancel()
      return downloadError(url, `the server answered ${response.status} ${response.statusText}`.trim())
    }
    const isContinued = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`)
    if (from > 0 && !isContinued) {
      await file.truncate(0)
      bytes = 0
    }
    report(bytes)
    for await (const chunk of response.body ?? []) {
      // More than was announced is enough to fail the hash check; a whole disk of it is not needed.
      const rest = chunk.subarray(0, totalBytes + 1 - bytes)
      const fault = await append(file, partFile, rest)
      if (fault !== undefined) return fault
      bytes += rest.byteLength
      report(bytes)
      if (bytes > totalBytes) break
    }
    return undefined
  } catch (cause) {
    if (signal?.aborted)
      return new AppError('run.cancelled', `The download was stopped after ${bytes} bytes.`, { cause })
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    return downloadError(url, messageOf(reason), cause)
  }
}

async function append(file: FileHandle, path: string, chunk: Uint8Array): Promise<AppError | undefined> {
  try {
    await file.appendFile(chunk)
    return undefined
  } catch (cause) {
    return writeError(path, cause)
  }
}

function writeError(path: string, cause: unknown): AppError {
  const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
  const what = isFull ? 'the disk is full; make room and try again' : messageOf(cause)
  return new AppError('file.write-failed', `File ${path} cannot be written: ${what}.`, { cause })
}

function downloadError(url: string, what: string, cause?: unknown): AppError {
  const message = `${url} could not be fetched: ${what}. What has arrived is kept; run the command again to go on.`
  return new AppError('model.download-failed', message, { details: { url }, ...(cause === undefined ? {} : { cause }) })
}

/** SHA-256 of a file, hex, read in pieces. */
export async function hashFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return { sha256: hash.digest('hex'), bytes: (await stat(path)).size }
}
