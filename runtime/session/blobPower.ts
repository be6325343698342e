/** Where a device keeps blobs; native, hence given to the session. */
export interface BlobPower {
  readonly maxBlobBytes: number
  has(hash: string): Promise<boolean>
  /**
   * Begins or resumes an upload. Fails with `device.limit-exceeded`, `device.disk-full` or `file.write-failed`. A blob
   * that the device holds gives an upload that is complete: `offset` equals `bytes`.
   */
  beginUpload(hash: string, bytes: number): Promise<BlobUpload>
  /** Whole content. Fails with `device.blob-missing`. */
  read(hash: string): Promise<Uint8Array>
  /** Keeps a blob from being evicted until the returned function is called. Fails with `device.blob-missing`. */
  pin(hash: string): Promise<() => void>
}

/** One client's upload of one blob. */
export interface BlobUpload {
  /** The first byte that is still wanted. */
  readonly offset: number
  readonly complete: boolean
  /**
   * Takes the next bytes. Resolves with whether the blob is now complete, verified and stored. Fails with
   * `device.disk-full` or `device.blob-mismatch` (nothing is kept then), or `wire.message-invalid` for a wrong offset.
   */
  write(offset: number, data: Uint8Array): Promise<boolean>
  /** Gives up for now; what has arrived is kept to be resumed. */
  suspend(): Promise<void>
}
