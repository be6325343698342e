import { AppError, toAppError } from '../../src/shared/errors/appError.ts'
import type { BlobChunk } from '../../src/shared/wire/blobChunk.ts'
import type { ControlEvent } from '../../src/shared/wire/controlMessage.ts'
import { toWireError } from '../../src/shared/wire/parseControl.ts'
import type { BlobPower, BlobUpload } from './blobPower.ts'

interface Transfer {
  readonly hash: string
  readonly upload: BlobUpload
  /** Writes happen one after the other, in the order of arrival. */
  queue: Promise<void>
  failed: boolean
}

/** What a waiting piece takes besides its bytes, roughly: a flood of tiny ones must hit the limit as well. */
const pieceOverheadBytes = 1024

/** The blob uploads of one control connection. */
export interface Uploads {
  /** Fails with what BlobPower.beginUpload says, or `device.limit-exceeded` for too many at once. */
  begin(hash: string, bytes: number): Promise<{ readonly transfer: number; readonly offset: number }>
  /** Memory that waits for the disk, in bytes. */
  readonly pendingBytes: number
  /** Fails, thrown, with `wire.message-invalid` for a transfer that never was. */
  receive(chunk: BlobChunk): void
  /** The connection is over; what arrived is kept for the next one. */
  close(): Promise<void>
}

export function createUploads(
  blobs: BlobPower,
  maxTransfers: number,
  emit: (event: Extract<ControlEvent, { type: 'blob-stored' }>) => void,
  onWritten: () => void,
): Uploads {
  const transfers = new Map<number, Transfer>()
  let nextTransfer = 1
  let pendingBytes = 0
  const beginning = new Set<Promise<BlobUpload>>()

  async function write(number: number, transfer: Transfer, { offset, data }: BlobChunk): Promise<void> {
    try {
      // After a failure the rest may still be on its way: it is dropped, the failure has been told.
      if (transfer.failed) return
      const complete = await transfer.upload.write(offset, data)
      if (!complete) return
      transfers.delete(number)
      emit({ type: 'blob-stored', transfer: number, hash: transfer.hash })
    } catch (cause) {
      transfer.failed = true
      const error = toAppError(cause, 'file.write-failed', 'A blob cannot be stored')
      emit({ type: 'blob-stored', transfer: number, hash: transfer.hash, error: toWireError(error) })
      await transfer.upload.suspend()
    } finally {
      pendingBytes -= data.byteLength + pieceOverheadBytes
      onWritten()
    }
  }

  return {
    get pendingBytes() {
      return pendingBytes
    },
    async begin(hash, bytes) {
      const open = [...transfers.values()].filter(({ failed }) => !failed).length + beginning.size
      if (open >= maxTransfers) {
        const message = `${open} blobs are being uploaded on this connection already, its limit. Send them one by one.`
        throw new AppError('device.limit-exceeded', message)
      }
      const begun = blobs.beginUpload(hash, bytes)
      beginning.add(begun)
      try {
        const upload = await begun
        const transfer = nextTransfer++
        if (!upload.complete) transfers.set(transfer, { hash, upload, queue: Promise.resolve(), failed: false })
        return { transfer, offset: upload.offset }
      } finally {
        beginning.delete(begun)
      }
    },
    receive(chunk) {
      const transfer = transfers.get(chunk.transfer)
      if (transfer === undefined) {
        const message = `A piece of a blob names transfer ${chunk.transfer}, which does not exist. Announce it by put-blob.`
        throw new AppError('wire.message-invalid', message)
      }
      pendingBytes += chunk.data.byteLength + pieceOverheadBytes
      transfer.queue = transfer.queue.then(() => write(chunk.transfer, transfer, chunk))
    },
    async close() {
      const begun = [...beginning].map((each) =>
        each.then(
          (upload) => upload.suspend(),
          () => undefined,
        ),
      )
      await Promise.all(begun) // one that failed has told whoever asked
      const all = [...transfers.values()]
      transfers.clear()
      await Promise.all(all.map(({ queue, upload }) => queue.then(() => upload.suspend())))
    },
  }
}
