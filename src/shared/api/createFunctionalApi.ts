import type { Graph } from '../graph/graph.ts'
import type { GraphResources } from '../graph/graphResources.ts'
import { graphInput } from '../node-kinds/graphInput.ts'
import { imageFolder } from '../node-kinds/imageFolder.ts'
import type { NodeKind } from '../node-kinds/nodeKind.ts'
import { syntheticFrames } from '../node-kinds/syntheticFrames.ts'
import type { DataType } from '../tensor/dataType.ts'
import type { Shape, TensorLayout } from '../tensor/tensorSpec.ts'
import { callKind } from './callKind.ts'
import type { GraphExecution, RunHandle } from './execution.ts'
import { type ModuleFactory, nodeOptions, sourceModuleOf } from './kindModule.ts'
import {
  checkDevices,
  type DeployRequest,
  defineModel,
  feedsOf,
  type Model,
  type ModelContent,
  type ModelDefinition,
  type ModelOutputs,
  modelOfGraph,
  type StartRequest,
} from './model.ts'
import type { ModuleOptions, SymbolicTensor, TypedTensor } from './symbolicTensor.ts'

export interface InputDefinition<D extends DataType> extends ModuleOptions {
  readonly dtype: D
  /** A dimension is a number, a symbol such as "N", or null where unknown. */
  readonly shape: Shape
  readonly layout?: TensorLayout
}

/** Makes models from what they end in, or from documents. */
export interface ModelFactory<Started> {
  <const Outputs extends ModelOutputs>(definition: ModelDefinition<Outputs>): Model<Outputs, Started>
  /** The inverse of `toGraph`. `kinds` are those of own modules in the document. */
  fromGraph(graph: Graph, options?: { readonly kinds?: readonly NodeKind[] }): Model<readonly SymbolicTensor[], Started>
}

/** The functions with which a graph begins and ends: they need what they are created with; all other modules do not. */
export interface FunctionalApi<Started> {
  Input<const D extends DataType>(definition: InputDefinition<D>): TypedTensor<D>
  readonly ImageFolder: ModuleFactory<typeof imageFolder, () => TypedTensor<'uint8'>>
  readonly SyntheticFrames: ModuleFactory<typeof syntheticFrames, () => TypedTensor<'uint8'>>
  readonly Model: ModelFactory<Started>
}

export interface FunctionalApiOptions<Started> {
  /** Models, calibrations and label sets that graphs name: looked up while they are built. */
  readonly resources: GraphResources
  readonly execution: GraphExecution
  /** What `model.start` gives of a run. */
  present(handle: RunHandle, model: ModelContent): Started
}

export function createFunctionalApi<Started>(options: FunctionalApiOptions<Started>): FunctionalApi<Started> {
  const { resources, execution } = options

  function runnable<Outputs extends ModelOutputs>(content: ModelContent<Outputs>): Model<Outputs, Started> {
    const run = ({ signal, ...rest }: StartRequest, devices?: DeployRequest['devices']) => {
      const handle = execution.start({
        graph: content.toGraph(),
        kinds: content.kinds,
        inputs: feedsOf(content, rest),
        ...(devices !== undefined && { devices }),
        ...(signal !== undefined && { signal }),
      })
      return options.present(handle, content)
    }
    const methods = {
      start: (request: StartRequest = {}) => run(request),
      deploy(request: DeployRequest) {
        checkDevices(content.toGraph(), request.devices)
        return run(request, request.devices)
      },
    }
    // Onto the object itself: a copy would open the parts of a document, which nobody may need.
    return Object.assign(content, methods)
  }

  function defineRunnable<const Outputs extends ModelOutputs>(definition: ModelDefinition<Outputs>) {
    return runnable(defineModel(definition, resources))
  }

  return {
    Input<const D extends DataType>({ name, label, device, dtype, shape, layout }: InputDefinition<D>) {
      const params = { dtype, shape, ...(layout !== undefined && { layout }) }
      const node = nodeOptions({
        ...(name !== undefined && { name }),
        ...(label !== undefined && { label }),
        ...(device !== undefined && { device }),
      })
      const { outputs } = callKind({ kind: graphInput, params, tensors: [], resources, ...node })
      return outputs[0] as TypedTensor<D> // graph-input has one output of the dtype that it is told
    },
    ImageFolder: sourceModuleOf(imageFolder, resources),
    SyntheticFrames: sourceModuleOf(syntheticFrames, resources),
    Model: Object.assign(defineRunnable, {
      fromGraph: (graph: Graph, { kinds = [] }: { readonly kinds?: readonly NodeKind[] } = {}) =>
        runnable(modelOfGraph(graph, kinds, resources)),
    }),
  }
}
