import type { Graph, GraphDevice, GraphNode } from '../graph.ts'

/** A graph from a sketch: nodes as [kind, params] or in full, wires as "from -> to" texts. */
export function createGraph(sketch: {
  readonly devices?: Readonly<Record<string, GraphDevice>>
  readonly nodes: Readonly<Record<string, Partial<GraphNode> & { readonly kind: string }>>
  readonly wires?: readonly string[]
  readonly layout?: Graph['layout']
}): Graph {
  const wires = (sketch.wires ?? []).map((wire) => {
    const [from = '', to = ''] = wire.split(' -> ')
    return { from, to }
  })
  const nodes = Object.fromEntries(Object.entries(sketch.nodes).map(([id, node]) => [id, { params: {}, ...node }]))
  return { title: 'Test', devices: sketch.devices ?? {}, nodes, wires, layout: sketch.layout ?? {} }
}

export const twoDevices: Readonly<Record<string, GraphDevice>> = { phone: { role: 'edge' }, server: { role: 'cloud' } }
