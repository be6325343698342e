import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, messageOf } from '../../../src/shared/errors/appError.ts'
import type { BlobPower, BlobUpload } from '../../session/blobPower.ts'
import { claimPart, isClaimed, isPart, releasePart } from './blobParts.ts'

export interface BlobStoreOptions {
  readonly folder: string
  readonly maxBlobBytes: number
  /** Blobs that nobody uses are removed, least recently used first, while all together exceed this. */
  readonly budgetBytes: number
}

/** Hashed at once: long enough to be fast, short enough not to hold up frames. */
const hashSliceBytes = 256 * 1024

/**
 * Files named by the SHA-256 of their content. A file under its final name is complete and verified. Several processes
 * may use one folder at the same time.
 */
export class BlobStore implements BlobPower {
  readonly maxBlobBytes: number
  readonly #folder: string
  readonly #budgetBytes: number
  readonly #pins = new Map<string, number>()

  constructor({ folder, maxBlobBytes, budgetBytes }: BlobStoreOptions) {
    this.#folder = folder
    this.maxBlobBytes = maxBlobBytes
    this.#budgetBytes = budgetBytes
  }

  pathOf(hash: string): string {
    return join(this.#folder, hash)
  }

  async has(hash: string): Promise<boolean> {
    return (await sizeOf(this.pathOf(hash))) !== undefined
  }

  async read(hash: string): Promise<Uint8Array> {
    try {
      return new Uint8Array(await readFile(this.pathOf(hash)))
    } catch (error) {
      throw missing(hash, error)
    }
  }

  async pin(hash: string): Promise<() => void> {
    this.#pins.set(hash, (this.#pins.get(hash) ?? 0) + 1)
    let pinned = true
    const unpin = () => {
      if (!pinned) return
      pinned = false
      const left = (this.#pins.get(hash) ?? 1) - 1
      if (left === 0) this.#pins.delete(hash)
      else this.#pins.set(hash, left)
    }
    try {
      const now = new Date()
      await utimes(this.pathOf(hash), now, now)
    } catch (error) {
      unpin()
      throw missing(hash, error)
    }
    return unpin
  }

  async beginUpload(hash: string, bytes: number): Promise<BlobUpload> {
    if (bytes > this.maxBlobBytes) {
      const message = `Blob ${short(hash)} has ${bytes} bytes; this device takes at most ${this.maxBlobBytes}.`
      throw new AppError('device.limit-exceeded', message, { details: { bytes, maxBlobBytes: this.maxBlobBytes } })
    }
    const held = await sizeOf(this.pathOf(hash))
    if (held === bytes || (held !== undefined && (await this.#isIntact(hash)))) return completeUpload(hash, held, bytes)
    try {
      await mkdir(this.#folder, { recursive: true })
      return await this.#openUpload(hash, bytes)
    } catch (error) {
      throw storeError(hash, error)
    }
  }

  /** Asked when a size is not what a client expects: one of both is wrong, and a damaged file must not stay. */
  async #isIntact(hash: string): Promise<boolean> {
    const hasher = createHash('sha256')
    await hashFile(this.pathOf(hash), hasher)
    if (hasher.digest('hex') === hash) return true
    await rm(this.pathOf(hash), { force: true })
    return false
  }

  async #openUpload(hash: string, bytes: number): Promise<BlobUpload> {
    const partPath = await claimPart(this.#folder, hash)
    const hasher = createHash('sha256')
    let written = await hashFile(partPath, hasher)
    if (written > bytes) {
      await rm(partPath, { force: true })
      await releasePart(this.#folder, partPath)
      return await this.#openUpload(hash, bytes)
    }
    const file = await open(partPath, 'a').catch(async (error: unknown) => {
      await releasePart(this.#folder, partPath)
      throw error
    })
    let closed = false
    /** Closes the file, decides by `act` what becomes of it, and gives the path up. */
    const closeAnd = async (act: () => Promise<void>) => {
      if (closed) return
      closed = true
      await file.close()
      await act().finally(() => releasePart(this.#folder, partPath))
    }
    const discard = () => closeAnd(() => rm(partPath, { force: true }))
    const finish = async () => {
      const actual = hasher.digest('hex')
      if (actual !== hash) {
        await discard()
        throw mismatch(hash, `the ${bytes} bytes that arrived have the hash ${short(actual)}`)
      }
      await file.sync()
      await closeAnd(() => rename(partPath, this.pathOf(hash)))
      await this.#evict(hash)
    }
    // What a crash left may be all of it; an empty blob is complete at once.
    if (written === bytes) await finish()
    const offset = written
    return {
      offset,
      complete: offset === bytes,
      write: async (at, data) => {
        if (closed || at !== written || written + data.byteLength > bytes) {
          const found = `${data.byteLength} bytes at ${at}, while byte ${written} of ${bytes} was next`
          throw new AppError('wire.message-invalid', `A piece of blob ${short(hash)} does not fit: ${found}.`)
        }
        try {
          await file.appendFile(data)
        } catch (error) {
          await discard().catch(() => undefined) // the first failure is the one to report
          throw storeError(hash, error)
        }
        await hashInSlices(hasher, data)
        written += data.byteLength
        if (written < bytes) return false
        await finish().catch((error: unknown) => {
          throw storeError(hash, error)
        })
        return true
      },
      suspend: async () => {
        if (closed) return
        closed = true
        await file.close()
        await releasePart(this.#folder, partPath, { hash })
      },
    }
  }

  /**
   * Removes unused blobs and broken-off uploads, oldest use first, until the rest fits the budget; `newest` stays in any
   * case.
   */
  async #evict(newest: string): Promise<void> {
    const blobs: { hash: string; bytes: number; usedAtMs: number }[] = []
    for (const name of await readdir(this.#folder)) {
      const facts = await stat(join(this.#folder, name)).catch(() => undefined) // removed meanwhile
      if (!facts?.isFile() || (isPart(name) && isClaimed(name))) continue
      blobs.push({ hash: name, bytes: facts.size, usedAtMs: facts.mtimeMs })
    }
    let total = blobs.reduce((sum, blob) => sum + blob.bytes, 0)
    for (const blob of blobs.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (total <= this.#budgetBytes) return
      if (blob.hash === newest || this.#pins.has(blob.hash)) continue
      await rm(join(this.#folder, blob.hash), { force: true })
      total -= blob.bytes
    }
  }
}

function completeUpload(hash: string, held: number, announced: number): BlobUpload {
  if (held !== announced) throw mismatch(hash, `it has ${held} bytes, not the ${announced} that were announced`)
  return { offset: held, complete: true, write: () => Promise.resolve(true), suspend: () => Promise.resolve() }
}

async function hashFile(path: string, hasher: ReturnType<typeof createHash>): Promise<number> {
  let bytes = 0
  if ((await sizeOf(path)) === undefined) return 0
  for await (const piece of createReadStream(path, { highWaterMark: hashSliceBytes })) {
    hasher.update(piece)
    bytes += piece.length
  }
  return bytes
}

async function hashInSlices(hasher: ReturnType<typeof createHash>, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.byteLength; at += hashSliceBytes) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    hasher.update(data.subarray(at, at + hashSliceBytes))
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  const facts = await stat(path).catch(() => undefined) // absent, which is an answer
  return facts?.isFile() ? facts.size : undefined
}

function storeError(hash: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The device has no room for blob ${short(hash)}. Free space on its disk or choose another --data-dir.`
    return new AppError('device.disk-full', message, { cause: error })
  }
  return new AppError('file.write-failed', `Blob ${short(hash)} cannot be stored: ${messageOf(error)}.`, {
    cause: error,
  })
}

function mismatch(hash: string, found: string): AppError {
  return new AppError('device.blob-mismatch', `Blob ${short(hash)} was refused: ${found}. Send it again.`)
}

function missing(hash: string, cause: unknown): AppError {
  const message = `The device does not hold blob ${short(hash)}. Upload it with put-blob before preparing.`
  return new AppError('device.blob-missing', message, { cause, details: { hash } })
}

function short(hash: string): string {
  return hash.slice(0, 12)
}
