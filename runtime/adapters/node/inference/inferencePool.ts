import { AppError } from '../../../../src/shared/errors/appError.ts'
import type { Clock, InferenceSession } from '../../../../src/shared/node-kinds/nodeContext.ts'
import { FairQueue } from './fairQueue.ts'
import { type InferenceWorkerHandle, startInferenceWorker } from './inferenceWorkerHandle.ts'

export interface InferencePoolOptions {
  readonly clock: Clock
  /** Models that may be loaded at the same time, each in a thread of its own. */
  readonly maxModels: number
  /** A model that nobody uses is unloaded after this time. */
  readonly idleMs: number
}

export interface ModelRequest {
  /** SHA-256 of the model: equal hashes share one worker, whoever asks. */
  readonly hash: string
  readonly path: string
  /** Threads inside one run. The first to load a model decides for as long as it is loaded. */
  readonly threads: number
  /** One session of the device: runs are shared out fairly between owners. */
  readonly owner: object
}

/** A loaded model for one user of it. `release` gives it back; running it afterwards fails. */
export interface ModelLease {
  readonly session: InferenceSession
  release(): void
}

interface LoadedModel {
  readonly worker: Promise<InferenceWorkerHandle>
  readonly queue: FairQueue<object>
  users: number
  cancelUnload: (() => void) | undefined
}

/**
 * All inference of one device. Each model runs in one worker thread, shared by every session that uses the same
 * bytes, so that neither the event loop waits for a network nor two clients pay for one model twice.
 */
export class InferencePool {
  readonly #options: InferencePoolOptions
  readonly #models = new Map<string, LoadedModel>()
  #closed = false

  constructor(options: InferencePoolOptions) {
    this.#options = options
  }

  /** Models that are loaded now, used or not yet unloaded. */
  get loadedModels(): number {
    return this.#models.size
  }

  /** Fails with `model.load-failed`, `model.operator-unsupported` or `device.limit-exceeded`. */
  async acquire(request: ModelRequest): Promise<ModelLease> {
    if (this.#closed) throw new AppError('engine.stopped', 'The device is shutting down and loads no more models.')
    const model = this.#models.get(request.hash) ?? this.#load(request)
    model.cancelUnload?.()
    model.cancelUnload = undefined
    model.users++
    try {
      return this.#lease(request, model, await model.worker)
    } catch (error) {
      this.#releaseUse(request.hash, model)
      throw error
    }
  }

  /** Ends all workers, used or not. */
  async close(): Promise<void> {
    this.#closed = true
    const models = [...this.#models.entries()]
    for (const [hash, model] of models) this.#forget(hash, model)
    await Promise.all(models.map(([, model]) => endWorker(model)))
  }

  #load({ hash, path, threads }: ModelRequest): LoadedModel {
    if (this.#models.size >= this.#options.maxModels) this.#unloadOneIdle()
    const label = hash.slice(0, 12)
    const model: LoadedModel = {
      worker: startInferenceWorker(path, threads, label),
      queue: new FairQueue(),
      users: 0,
      cancelUnload: undefined,
    }
    this.#models.set(hash, model)
    model.worker.then(
      (worker) => worker.ended.then(() => this.#forget(hash, model)),
      () => this.#forget(hash, model),
    )
    return model
  }

  #lease(request: ModelRequest, model: LoadedModel, worker: InferenceWorkerHandle): ModelLease {
    let released = false
    const session: InferenceSession = {
      inputNames: worker.inputNames,
      outputNames: worker.outputNames,
      run: (inputs, options) =>
        model.queue.enqueue(request.owner, async () => {
          if (released) throw new AppError('engine.stopped', 'The session ended before this frame reached its model.')
          return await worker.run(inputs, options?.ownsInputs ?? false)
        }),
    }
    return {
      session,
      release: () => {
        if (released) return
        released = true
        this.#releaseUse(request.hash, model)
      },
    }
  }

  #releaseUse(hash: string, model: LoadedModel): void {
    model.users--
    if (model.users > 0 || this.#models.get(hash) !== model) return
    model.cancelUnload = this.#options.clock.schedule(this.#options.idleMs, () => this.#unload(hash, model))
  }

  #unloadOneIdle(): void {
    const idle = [...this.#models].find(([, model]) => model.users === 0)
    if (idle === undefined) {
      const message = `The device runs ${this.#models.size} models already, its limit. Stop a session that uses one of them, or place this node on another device.`
      throw new AppError('device.limit-exceeded', message, { details: { maxModels: this.#options.maxModels } })
    }
    this.#unload(...idle)
  }

  #unload(hash: string, model: LoadedModel): void {
    this.#forget(hash, model)
    void endWorker(model)
  }

  #forget(hash: string, model: LoadedModel): void {
    model.cancelUnload?.()
    model.cancelUnload = undefined
    if (this.#models.get(hash) === model) this.#models.delete(hash)
  }
}

async function endWorker(model: LoadedModel): Promise<void> {
  const worker = await model.worker.catch(() => undefined) // a model that never loaded has ended by itself
  await worker?.terminate()
}
