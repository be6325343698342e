import type { Port } from '../graph/kindRegistry.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { type CustomCode, customKind, type FrameResult, type InferredSpecs } from './customKind.ts'
import { callerOf, type ModuleResult } from './kindModule.ts'
import type { SymbolicTensor, TypedTensor } from './symbolicTensor.ts'

type SymbolicInput<T> = T extends Tensor ? SymbolicTensor<T['dtype'] | 'unknown'> : never
type SymbolicInputs<T> = T extends readonly Tensor[] ? { readonly [Index in keyof T]: SymbolicInput<T[Index]> } : never
type SymbolicOutput<T> = T extends Tensor
  ? TypedTensor<T['dtype']>
  : { readonly [Index in keyof T]: T[Index] extends Tensor ? TypedTensor<T[Index]['dtype']> : never }

/** Makes the kind of a module; called once, when the module is first called. */
const toKind = Symbol('toKind')

/** Calls of `new MyModule()`: what its `forward` says of tensors, said of symbolic ones. */
interface CallableFrames {
  (...tensors: SymbolicInputs<FrameInputs<this>>): SymbolicOutput<Exclude<Awaited<FrameOutput<this>>, undefined>>
  [toKind](): NodeKind
}
type FrameInputs<M> = M extends { forward(...inputs: infer Inputs): unknown } ? Inputs : never
type FrameOutput<M> = M extends { forward(...inputs: never): infer Output } ? Output : never

/** The same for a `forward` over streams. */
interface CallableStream {
  (
    ...tensors: SymbolicInputs<StreamItem<StreamInput<this>>>
  ): SymbolicOutput<Exclude<StreamItem<FrameOutput<this>>, undefined>>
  [toKind](): NodeKind
}
type StreamInput<M> = M extends { forward(frames: infer Frames): unknown } ? Frames : never
type StreamItem<S> = S extends AsyncIterable<infer Item> ? Item : never

/** A constructor whose objects are functions: `new.target` gives them the methods of their class. */
function FunctionObject(): unknown {
  let kind: NodeKind | undefined
  const module: { [toKind](): NodeKind } = Object.setPrototypeOf(
    (...tensors: readonly SymbolicTensor[]): ModuleResult => {
      kind ??= module[toKind]()
      return callerOf(kind, {}, undefined)(...tensors)
    },
    new.target?.prototype ?? null,
  )
  return module
}
const FrameFunction = FunctionObject as unknown as abstract new () => CallableFrames
const StreamFunction = FunctionObject as unknown as abstract new () => CallableStream

/**
 * Own code as a module that runs once a frame: subclass it and write `forward`, which takes a tensor for each input and
 * gives one (or a list of them), at once or as a promise; undefined skips the frame. An instance is called on symbolic
 * tensors like any module. It becomes a node of kind "custom:<class name>", which runs only where the program runs.
 *
 * @example
 * class Invert extends Module {
 *   forward(image: Tensor<'uint8'>) {
 *     return createTensor('uint8', image.shape, image.data.map((value) => 255 - value))
 *   }
 * }
 * const inverted = new Invert()(image)
 */
export abstract class Module extends FrameFunction {
  /** What each input takes. Without it anything, and as many inputs as `forward` has parameters without defaults. */
  readonly inputs: readonly Port[] | undefined = undefined
  readonly outputCount: number = 1

  abstract forward(...inputs: readonly Tensor[]): FrameResult | Promise<FrameResult>

  /** Specs of the outputs from those of the inputs; without it the types behind the module are not known before the run. */
  inferOutputs(..._inputs: readonly TensorSpec[]): InferredSpecs {
    return undefined
  }

  override [toKind](): NodeKind {
    const inputs = this.inputs ?? Array.from({ length: this.forward.length }, (_, index) => anyPort(index))
    return customKind({ ...codeOf(this, inputs), forwardFrame: (tensors) => this.forward(...tensors) })
  }
}

/**
 * Own code as a module that runs once for a whole stream: `forward` is an async generator over the frames, each a list
 * with a tensor for each input. It may give fewer or more frames than it takes; they are numbered afresh.
 *
 * @example
 * class Pairs extends StreamModule {
 *   async *forward(frames: AsyncIterable<readonly [Tensor<'float32'>]>) {
 *     let last: Tensor<'float32'> | undefined
 *     for await (const [frame] of frames) {
 *       if (last !== undefined) yield difference(last, frame)
 *       last = frame
 *     }
 *   }
 * }
 */
export abstract class StreamModule extends StreamFunction {
  /** What each input takes. Without it one input that takes anything. */
  readonly inputs: readonly Port[] | undefined = undefined
  readonly outputCount: number = 1

  abstract forward(frames: AsyncIterable<readonly Tensor[]>): AsyncIterable<FrameResult>

  /** Specs of the outputs from those of the inputs; without it the types behind the module are not known before the run. */
  inferOutputs(..._inputs: readonly TensorSpec[]): InferredSpecs {
    return undefined
  }

  override [toKind](): NodeKind {
    const inputs = this.inputs ?? [anyPort(0)]
    return customKind({ ...codeOf(this, inputs), forwardStream: (frames) => this.forward(frames) })
  }
}

function codeOf(
  module: {
    readonly outputCount: number
    readonly constructor: unknown
    inferOutputs(...inputs: readonly TensorSpec[]): InferredSpecs
  },
  inputs: readonly Port[],
): CustomCode {
  const className = typeof module.constructor === 'function' ? module.constructor.name : ''
  return {
    name: className === '' ? 'Module' : className,
    inputs,
    outputCount: module.outputCount,
    inferOutputs: (specs) => module.inferOutputs(...specs),
  }
}

function anyPort(index: number): Port {
  return { label: `Input ${index + 1}` }
}
