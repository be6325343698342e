import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { InferenceSession as OrtSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { AppError, messageOf } from '../../../../src/shared/errors/appError.ts'
import { BugError } from '../../../../src/shared/errors/bugError.ts'
import { unwrap } from '../../../../src/shared/errors/result.ts'
import { readModel } from '../../../../src/shared/onnx/readModel.ts'
import { dataTypes } from '../../../../src/shared/tensor/dataType.ts'
import { createTensor, type Tensor } from '../../../../src/shared/tensor/tensor.ts'
import { readSharedTensors, writeSharedTensors } from './sharedTensors.ts'
import {
  areaBytes,
  form,
  inputsOffset,
  outputsOffset,
  type WorkerMessage,
  type WorkerSetup,
  word,
} from './workerChannel.ts'

// The script of one worker thread: one model, one run at a time. It ends only by being terminated, because releasing
// a session leaks its memory while ending its thread does not.

/** Waiting actively is worth it while requests follow each other within this time; a sleeping thread wakes slowly. */
const spinNs = 100_000n

// With a Float16Array present, onnxruntime-node refuses every float16 tensor; without one it takes Uint16Array.
Reflect.deleteProperty(globalThis, 'Float16Array')
const ort: typeof import('onnxruntime-node') = createRequire(import.meta.url)('onnxruntime-node')

const port = requirePort()
const { shared, modelPath, threads } = workerData as WorkerSetup // given by inferenceWorkerHandle.ts
const words = new Int32Array(shared, 0, 16)
let lastGapNs = 0n

const session = await load()
if (session !== undefined) await serve(session)

async function load(): Promise<OrtSession | undefined> {
  try {
    // A client's file is not trusted to be what our own extraction makes: no external data, no foreign operators.
    unwrap(readModel(readFileSync(modelPath)))
    const loaded = await ort.InferenceSession.create(modelPath, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    })
    post({ type: 'loaded', inputNames: loaded.inputNames, outputNames: loaded.outputNames })
    return loaded
  } catch (error) {
    const code = error instanceof AppError ? { code: error.code } : {}
    post({ type: 'load-failed', ...code, message: messageOf(error) })
    return undefined
  }
}

async function serve(session: OrtSession): Promise<never> {
  for (let served = 0; ; served++) {
    waitForRequest(served)
    const requestForm = Atomics.load(words, word.requestForm)
    if (requestForm === form.none) {
      answer(form.none)
      continue
    }
    try {
      const outputs = await run(session, takeInputs(session, requestForm))
      if (writeSharedTensors(shared, outputsOffset, areaBytes, session.outputNames, outputs)) {
        answer(form.shared)
      } else {
        post({ type: 'outputs', outputs }, buffersOf(outputs))
        answer(form.posted)
      }
    } catch (error) {
      post({ type: 'run-failed', message: messageOf(error) })
      answer(form.posted)
    }
  }
}

function waitForRequest(served: number): void {
  const begin = process.hrtime.bigint()
  if (lastGapNs < spinNs) {
    while (Atomics.load(words, word.request) === served && process.hrtime.bigint() - begin < spinNs);
  }
  while (Atomics.load(words, word.request) === served) Atomics.wait(words, word.request, served)
  lastGapNs = process.hrtime.bigint() - begin
}

function takeInputs(session: OrtSession, requestForm: number): Record<string, Tensor> {
  if (requestForm === form.shared) return readSharedTensors(shared, inputsOffset, session.inputNames, 'view')
  // The event loop posts before it counts up the request, so the message is here.
  const received = receiveMessageOnPort(port)
  if (received === undefined) throw new BugError('A posted request did not arrive')
  return received.message as Record<string, Tensor>
}

async function run(session: OrtSession, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, data }]): [string, OrtTensor] => {
      if (dtype === 'bytes') throw new Error(`input '${name}' is an opaque byte string, which no network takes`)
      // The pair of dtype and data class is Tensor's invariant; the constructor's overloads cannot express it.
      return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)]
    }),
  )
  const results = await session.run(feeds)
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, fromOrt(name, result)]))
}

function fromOrt(name: string, { type, dims, data }: OrtTensor): Tensor {
  const dtype = dataTypes.find((known) => known === type)
  if (dtype === undefined) throw new Error(`output '${name}' has the element type ${type}, which no wire carries`)
  return createTensor(dtype, dims, data as never) // onnxruntime pairs type and array class like Tensor does
}

function buffersOf(tensors: Record<string, Tensor>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { dtype, data } of Object.values(tensors)) {
    // Outputs come from onnxruntime in unshared buffers of their own.
    if (dtype !== 'string') buffers.add(data.buffer as ArrayBuffer)
  }
  return [...buffers]
}

function answer(answerForm: number): void {
  Atomics.store(words, word.answerForm, answerForm)
  Atomics.add(words, word.answer, 1)
  Atomics.notify(words, word.answer)
}

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

function requirePort(): NonNullable<typeof parentPort> {
  if (parentPort === null) throw new BugError('inferenceWorker.ts runs only as a worker thread')
  return parentPort
}
