import { Worker } from 'node:worker_threads'
import { createDeferred } from '../../../../src/node/deferred.ts'
import { siblingScript } from '../../../../src/node/siblingScript.ts'
import { AppError } from '../../../../src/shared/errors/appError.ts'
import type { Tensor } from '../../../../src/shared/tensor/tensor.ts'
import { readSharedTensors, writeSharedTensors } from './sharedTensors.ts'
import {
  areaBytes,
  createSharedMemory,
  form,
  inputsOffset,
  outputsOffset,
  type WorkerMessage,
  type WorkerSetup,
  word,
} from './workerChannel.ts'

type Tensors = Readonly<Record<string, Tensor>>

/** The event loop's end of one worker thread with one loaded model. Who owns it never runs two requests at once. */
export interface InferenceWorkerHandle {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /**
   * `ownsInputs`: buffers may be transferred away from the caller; otherwise they are copied.
   * Fails with `model.run-failed`: the network refused the inputs, or the worker died.
   */
  run(inputs: Tensors, ownsInputs: boolean): Promise<Tensors>
  /** There and back without any work: what the hop alone costs. */
  ping(): Promise<void>
  /** Resolves when the thread has ended, asked or not. */
  readonly ended: Promise<void>
  terminate(): Promise<void>
}

/**
 * Starts a worker thread and loads the ONNX file at `modelPath` in it. `label` is how messages call the model.
 * Fails with `model.load-failed`, `model.operator-unsupported` where onnxruntime lacks an operator, or what readModel
 * says of a file that is no model, is cut short or would read other files.
 */
export async function startInferenceWorker(
  modelPath: string,
  threads: number,
  label: string,
): Promise<InferenceWorkerHandle> {
  const shared = createSharedMemory()
  const words = new Int32Array(shared, 0, 16)
  const setup: WorkerSetup = { shared, modelPath, threads }
  const worker = new Worker(siblingScript(import.meta.url, './inferenceWorker'), { workerData: setup })
  const mailbox = createMailbox()
  let crash: Error | undefined
  worker.on('message', (message: WorkerMessage) => mailbox.put(message))
  worker.on('error', (error) => {
    crash = error
  })
  const { promise: ended, resolve: resolveEnded } = createDeferred<void>()
  worker.once('exit', (code) => {
    mailbox.close(crash ?? new Error(`its thread ended with code ${code}`))
    resolveEnded()
  })

  async function terminate(): Promise<void> {
    await worker.terminate()
    await ended
  }

  const loaded = await mailbox
    .take()
    .catch((error: Error): WorkerMessage => ({ type: 'load-failed', message: error.message }))
  if (loaded.type !== 'loaded') {
    await terminate()
    if (loaded.type !== 'load-failed') throw loadError(label, 'it answered before it was loaded')
    if (loaded.code !== undefined) throw new AppError(loaded.code, `Model ${label}: ${loaded.message}`)
    throw loadError(label, loaded.message)
  }
  const { inputNames, outputNames } = loaded
  // A thread that waits must not keep the process alive; a run in progress must (see request).
  worker.unref()

  /** Resolves with the form of the answer once the worker has answered. */
  async function request(requestForm: number): Promise<number> {
    worker.ref()
    const number = Atomics.load(words, word.request) + 1
    Atomics.store(words, word.requestForm, requestForm)
    Atomics.store(words, word.request, number)
    Atomics.notify(words, word.request)
    try {
      for (let answer = Atomics.load(words, word.answer); answer !== number; ) {
        const wait = Atomics.waitAsync(words, word.answer, answer)
        await mailbox.unlessClosed<unknown>(wait.async ? wait.value : Promise.resolve())
        answer = Atomics.load(words, word.answer)
      }
    } finally {
      worker.unref()
    }
    return Atomics.load(words, word.answerForm)
  }

  async function exchange(inputs: Tensors, ownsInputs: boolean): Promise<WorkerMessage | Tensors> {
    let requestForm: number = form.shared
    if (!writeSharedTensors(shared, inputsOffset, areaBytes, inputNames, inputs)) {
      requestForm = form.posted
      const { tensors, transfer } = ownsInputs ? withBuffers(inputs) : withBuffers(copyOf(inputs))
      worker.postMessage(tensors, transfer)
    }
    if ((await request(requestForm)) === form.shared)
      return readSharedTensors(shared, outputsOffset, outputNames, 'copy')
    return await mailbox.take()
  }

  return {
    inputNames,
    outputNames,
    ended,
    terminate,
    async ping() {
      await request(form.none)
    },
    async run(inputs, ownsInputs) {
      const stranger = Object.keys(inputs).find((name) => !inputNames.includes(name))
      if (stranger !== undefined) {
        throw runError(label, `it has no input ${stranger}, only ${inputNames.join(', ')}`)
      }
      const answer = await exchange(inputs, ownsInputs).catch((error: Error) => {
        throw runError(label, error.message)
      })
      if (!isMessage(answer)) return answer
      if (answer.type === 'outputs') return answer.outputs
      throw runError(label, 'message' in answer ? answer.message : `unexpected answer ${answer.type}`)
    },
  }
}

/** Outputs are tensors by name; no tensor is a text, so a text under `type` tells a message. */
function isMessage(answer: WorkerMessage | Tensors): answer is WorkerMessage {
  return typeof answer.type === 'string'
}

function copyOf(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.dtype === 'string' ? tensor : ({ ...tensor, data: tensor.data.slice() } as Tensor), // same class, new buffer
    ]),
  )
}

function withBuffers(tensors: Tensors): { tensors: Tensors; transfer: ArrayBuffer[] } {
  const buffers = new Set<ArrayBuffer>()
  for (const { dtype, data } of Object.values(tensors)) {
    // Shared memory cannot be transferred and needs not be.
    if (dtype !== 'string' && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer)
  }
  return { tensors, transfer: [...buffers] }
}

interface Mailbox {
  put(message: WorkerMessage): void
  /** The next message; rejects once the worker is gone. */
  take(): Promise<WorkerMessage>
  /** Like `awaited`, but rejects when the worker goes first. */
  unlessClosed<T>(awaited: Promise<T>): Promise<T>
  close(reason: Error): void
}

/** For one waiting caller at a time: requests never overlap. */
function createMailbox(): Mailbox {
  const messages: WorkerMessage[] = []
  let taker: ((message: WorkerMessage) => void) | undefined
  // Not Promise.race with one long-lived promise: that would keep something of every request until the worker ends.
  let rejectWaiting: ((reason: Error) => void) | undefined
  let closedBy: Error | undefined

  function unlessClosed<T>(awaited: Promise<T>): Promise<T> {
    if (closedBy !== undefined) return Promise.reject(closedBy)
    return new Promise((resolve, reject) => {
      rejectWaiting = reject
      awaited.then(resolve, reject)
    })
  }
  return {
    unlessClosed,
    close(reason) {
      closedBy = reason
      rejectWaiting?.(reason)
    },
    put(message) {
      if (taker === undefined) messages.push(message)
      else taker(message)
      taker = undefined
    },
    take() {
      const message = messages.shift()
      if (message !== undefined) return Promise.resolve(message)
      return unlessClosed(
        new Promise((resolve) => {
          taker = resolve
        }),
      )
    },
  }
}

function loadError(label: string, reason: string): AppError {
  const operator = /No Op registered for (\S+)|implementation for (?:the node )?(\S+?)[:(]/i.exec(reason)
  const name = operator?.[1] ?? operator?.[2]
  if (name !== undefined || /not\s*implemented/i.test(reason)) {
    const message = `Model ${label} uses the operator ${name ?? '(see reason)'}, which this device cannot execute (${reason.trim()}). Export the network with standard operators of an older opset, or place this node on another device.`
    return new AppError('model.operator-unsupported', message, { details: { operator: name ?? null } })
  }
  return new AppError('model.load-failed', `Model ${label} was refused by onnxruntime: ${reason.trim()}`)
}

function runError(label: string, reason: string): AppError {
  return new AppError('model.run-failed', `Model ${label} failed on a frame: ${reason.trim()}`)
}
