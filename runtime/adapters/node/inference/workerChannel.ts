import type { ErrorCode } from '../../../../src/shared/errors/codes.ts'
import type { Tensor } from '../../../../src/shared/tensor/tensor.ts'
import { sharedAreaBytes } from './sharedTensors.ts'

/**
 * How the event loop and one inference worker talk. Small tensors go through shared memory and a futex, because two
 * posted messages cost over 100 us on machines where waking a thread is slow; larger ones are posted, with their
 * buffers transferred. One request at a time; the memory belongs to the worker from the request to its answer.
 */
export interface WorkerSetup {
  readonly shared: SharedArrayBuffer
  readonly modelPath: string
  readonly threads: number
}

/** Indexes into the control words at the start of the shared memory. */
export const word = {
  /** Number of the newest request: the event loop counts it up and notifies. */
  request: 0,
  /** Number of the newest answer: the worker sets it and notifies. */
  answer: 1,
  requestForm: 2,
  answerForm: 3,
} as const

/** Where the tensors of a request or an answer are; `none` is a request without work, to measure the hop. */
export const form = { shared: 0, posted: 1, none: 2 } as const

const controlBytes = 64
/** Beyond this, copying in and out costs more than waking by message. */
const payloadBytes = 1024 * 1024
export const areaBytes = sharedAreaBytes(payloadBytes)
export const inputsOffset = controlBytes
export const outputsOffset = controlBytes + areaBytes

export function createSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(controlBytes + 2 * areaBytes)
}

/** What the worker posts: once how loading went, then answers that do not fit the shared memory. */
export type WorkerMessage =
  | { readonly type: 'loaded'; readonly inputNames: readonly string[]; readonly outputNames: readonly string[] }
  | { readonly type: 'load-failed'; readonly code?: ErrorCode; readonly message: string }
  | { readonly type: 'outputs'; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly type: 'run-failed'; readonly message: string }
