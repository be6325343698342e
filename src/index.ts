import { createFileResources } from './execution/fileResources.ts'
import { createNodeExecution } from './execution/nodeExecution.ts'
import { type ResultStream, toResultStream } from './execution/resultStream.ts'
import { createModelLibrary } from './host/models/modelLibrary.ts'
import { createFunctionalApi } from './shared/api/createFunctionalApi.ts'
import type { OutputFrame } from './shared/api/execution.ts'

/** A model under way, as `model.start` gives it: a stream per output, in order and by name. */
export interface Run {
  readonly outputs: readonly ResultStream<OutputFrame>[]
  readonly byName: Readonly<Record<string, ResultStream<OutputFrame>>>
  /** Ends the sources; what is in flight still arrives. */
  stop(): Promise<void>
  /** Resolves when every output has ended; rejects with the AppError that broke the run. */
  readonly done: Promise<void>
}

export const { Input, ImageFolder, SyntheticFrames, Model } = createFunctionalApi<Run>({
  resources: createFileResources(),
  execution: createNodeExecution(createModelLibrary()),
  present({ outputs, stop, done }, { outputNames }) {
    const byName = Object.fromEntries(Object.entries(outputs).map(([name, frames]) => [name, toResultStream(frames)]))
    return { outputs: outputNames.flatMap((name) => byName[name] ?? []), byName, stop, done }
  },
})

export { Server } from '../runtime/node.ts'
export { photoSource } from './execution/photoSource.ts'
export type { ResultStream } from './execution/resultStream.ts'
export type { InputFrame, OutputFrame } from './shared/api/execution.ts'
export type { DeployRequest, FrameSource, StartRequest } from './shared/api/model.ts'
export * from './shared/api/module.ts'
export * from './shared/api/modules.ts'
export { type ObservablePolicy, pullObservable } from './shared/api/pullObservable.ts'
export { type SymbolicTensor, withPolicy } from './shared/api/symbolicTensor.ts'
export { TcpServerModule } from './shared/api/tcpServerModule.ts'
export { AppError } from './shared/errors/appError.ts'
export type { ErrorCode } from './shared/errors/codes.ts'
export type { Result } from './shared/errors/result.ts'
export { applyGraphChange } from './shared/graph/applyGraphChange.ts'
export { findProblems } from './shared/graph/findProblems.ts'
export type { Graph, GraphNode, GraphWire } from './shared/graph/graph.ts'
export type { GraphChange } from './shared/graph/graphChange.ts'
export { parseGraph } from './shared/graph/parseGraph.ts'
export { writeGraph } from './shared/graph/writeGraph.ts'
export { parseTopLabels, type TopLabel } from './shared/node-kinds/topLabels.ts'
export type { DataType } from './shared/tensor/dataType.ts'
export { createTensor, type Tensor } from './shared/tensor/tensor.ts'
export type { TensorSpec } from './shared/tensor/tensorSpec.ts'
