import { createLocalDevice } from '../../runtime/node.ts'
import { createControlClient, sayHello } from '../host/devices/controlClient.ts'
import type { Device } from '../host/devices/device.ts'
import { dialDevice } from '../host/devices/dialDevice.ts'
import type { ModelLibrary } from '../host/models/modelLibrary.ts'
import { planRun } from '../host/run/planRun.ts'
import { type OutputFrame as DeliveredFrame, runGraph } from '../host/run/runGraph.ts'
import type { GraphExecution, GraphRequest, OutputFrame, RunHandle } from '../shared/api/execution.ts'
import type { DeviceId, NodeId } from '../shared/graph/graph.ts'
import { createKindRegistry, nodeKinds } from '../shared/node-kinds/index.ts'
import type { NodeKind } from '../shared/node-kinds/nodeKind.ts'
import { createOutputChannel, type OutputChannel } from './outputChannel.ts'

/**
 * Runs the graphs of the functional API: devices with an address are dialled, the others run inside this process,
 * where modules of the user's own are at home. Paths and calibrations are found from the working folder.
 */
export function createNodeExecution(library: ModelLibrary): GraphExecution {
  return {
    start(request: GraphRequest): RunHandle {
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      request.signal?.addEventListener('abort', stop, { once: true })
      const kinds: readonly NodeKind[] = [...nodeKinds, ...request.kinds]
      const channels = new Map<NodeId, OutputChannel<OutputFrame>>()
      let readers = 0
      const abandon = () => {
        readers--
        if (readers === 0) stop()
      }
      for (const id of outputsOf(request, kinds)) {
        readers++
        channels.set(id, createOutputChannel(abandon))
      }
      const done = execute(request, kinds, library, stopping.signal, channels)
        .then(
          () => endAll(channels),
          (error: unknown) => {
            failAll(channels, error)
            throw error
          },
        )
        .finally(() => request.signal?.removeEventListener('abort', stop))
      // The error also reaches whoever iterates an output; nobody has to look at `done` as well.
      done.catch(() => undefined)
      return {
        outputs: Object.fromEntries(channels),
        stop: () => {
          stop()
          return done.catch(() => undefined)
        },
        done,
      }
    },
  }
}

async function execute(
  request: GraphRequest,
  kinds: readonly NodeKind[],
  library: ModelLibrary,
  signal: AbortSignal,
  channels: ReadonlyMap<NodeId, OutputChannel<OutputFrame>>,
): Promise<void> {
  const plan = await planRun(request.graph, kinds, { library, folder: process.cwd() })
  const devices = new Map<DeviceId, Device>()
  try {
    for (const id of plan.partition.devices) {
      const address = request.devices?.[id] ?? request.graph.devices[id]?.address
      const role = request.graph.devices[id]?.role ?? 'edge'
      devices.set(
        id,
        address === undefined ? await openLocalDevice(id, role, kinds) : await dialDevice({ id, address, signal }),
      )
    }
    await runGraph({
      plan,
      devices,
      inputs: request.inputs,
      signal,
      onOutput: (frame) => channels.get(frame.output)?.push(toOutputFrame(frame)),
    })
  } finally {
    await Promise.all([...devices.values()].map((device) => device.close()))
  }
}

async function openLocalDevice(id: DeviceId, role: 'edge' | 'cloud', kinds: readonly NodeKind[]): Promise<Device> {
  const local = createLocalDevice({ role, kinds, name: id })
  const name = `${id} (this process)`
  const control = createControlClient(local.control, name)
  const { capabilities } = await sayHello(control)
  return {
    id,
    name,
    capabilities,
    control,
    host: '127.0.0.1',
    openDataSocket: async ({ token }) => local.openDataSocket(token),
    close: () => local.stop(),
  }
}

function outputsOf({ graph }: GraphRequest, kinds: readonly NodeKind[]): NodeId[] {
  const registry = createKindRegistry(kinds)
  return Object.keys(graph.nodes).filter((id) => registry.get(graph.nodes[id]?.kind ?? '')?.role === 'graph-output')
}

function toOutputFrame({ seq, source, tensor, latencyMs, wireBytes }: DeliveredFrame): OutputFrame {
  return { seq, tensor, latencyMs, wireBytes, ...(source !== undefined && { source }) }
}

function endAll(channels: ReadonlyMap<NodeId, OutputChannel<OutputFrame>>): void {
  for (const channel of channels.values()) channel.end()
}

function failAll(channels: ReadonlyMap<NodeId, OutputChannel<OutputFrame>>, error: unknown): void {
  for (const channel of channels.values()) channel.fail(error)
}
