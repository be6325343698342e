import type { SpecMap } from '../graph/kindRegistry.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** Time as a device sees it. Monotonic nanoseconds: comparable within one device, between devices only when aligned. */
export interface Clock {
  nowNs(): number
  /** Calls back once after `delayMs`; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void
}

export type LogLevel = 'info' | 'warning' | 'error'

/** One content-addressed blob of a node, as its device holds it. `name` is the file name where there was a file. */
export interface BlobRef {
  /** SHA-256, hex. */
  readonly hash: string
  readonly bytes: number
  readonly name?: string
}

export interface InferenceSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /**
   * Runs the network off the event loop. Input buffers are copied, never changed; with `ownsInputs` (nobody else holds
   * them) they may be transferred instead and are empty afterwards. Fails with `model.run-failed`.
   */
  run(
    inputs: Readonly<Record<string, Tensor>>,
    options?: { readonly ownsInputs?: boolean },
  ): Promise<Readonly<Record<string, Tensor>>>
}

export interface ImagePower {
  /** Decodes JPEG, PNG, WebP... to uint8 [H, W, 3] RGB. Fails with `image.not-an-image` or `image.too-large`. */
  decode(bytes: Uint8Array): Promise<Tensor<'uint8'>>
  /** uint8 [H, W, 1] (grey) or [H, W, 3] (RGB) to a file image. `quality` 1-100, ignored by PNG. */
  encode(image: Tensor<'uint8'>, format: 'jpeg' | 'png' | 'webp', quality: number): Promise<Uint8Array>
  /** Decodes to uint8 [H, W, 1]: the plane of a grey picture. */
  decodeGrey(bytes: Uint8Array): Promise<Tensor<'uint8'>>
  /** Scales to exactly width x height, uint8 [H, W, 3], antialiased bilinear. */
  resize(image: Tensor<'uint8'>, width: number, height: number): Promise<Tensor<'uint8'>>
}

export interface CompressionPower {
  zstdCompress(bytes: Uint8Array, level: number): Promise<Uint8Array>
  /** Fails with `codec.payload-invalid` when the result would exceed `maxBytes`. */
  zstdDecompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

/** Files that sinks write, inside the output folder of the device; names are plain base names. */
export interface OutputFiles {
  open(name: string): Promise<OutputFile>
}

export interface OutputFile {
  readonly path: string
  append(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/**
 * What a node may use of its device. Native power (inference, pictures, compression, files, time) comes only through
 * here, so the same kind runs in Node and in a browser and is tested with fakes.
 */
export interface NodeContext {
  readonly nodeId: string
  readonly inputSpecs: SpecMap
  readonly outputSpecs: SpecMap
  /** Blobs by the names of the kind's `assets`; a folder has one entry per file, sorted by name. */
  readonly assets: Readonly<Record<string, readonly BlobRef[]>>
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly images: ImagePower
  readonly compression: CompressionPower
  readonly outputFiles: OutputFiles
  /** Content of a blob named in `assets`. Fails with `device.blob-missing`. */
  readBlob(hash: string): Promise<Uint8Array>
  /** The session of an ONNX blob; equal hashes on one device share one session. Fails with `model.load-failed`. */
  loadModel(hash: string, options: { readonly threads: number }): Promise<InferenceSession>
  log(level: LogLevel, message: string): void
}
