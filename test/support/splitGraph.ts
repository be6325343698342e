/** One line of `models cuts NAME --json`, as far as a graph needs it. */
export interface ListedCut {
  readonly id: string
  readonly tensors: readonly { readonly name: string }[]
}

export interface SplitGraphRequest {
  readonly model: string
  readonly preset: string
  /** From the network's beginning to its end; none gives the uncut network on one device. */
  readonly cuts: readonly ListedCut[]
  /** Levels of every quantiser. */
  readonly levels: number
  readonly photos: string
}

/** The device of each part in a row of one, two or three. */
export function devicesOf({ cuts }: Pick<SplitGraphRequest, 'cuts'>): readonly string[] {
  return cuts.length < 2 ? ['edge', 'cloud'].slice(0, cuts.length + 1) : ['edge', 'box', 'cloud']
}

/**
 * The graph document that a person would draw for these cuts, not yet calibrated: part 0 on the edge, each next part on
 * the next device, and one chain of quantiser, transport and dequantiser for each tensor that crosses.
 */
export function splitGraph(request: SplitGraphRequest): object {
  const { model, preset, cuts, levels, photos } = request
  const devices = devicesOf(request)
  const [edge = '', cloud = ''] = [devices[0], devices.at(-1)]
  const nodes: Record<string, object> = {
    photos: { kind: 'image-folder', device: edge, params: { path: photos } },
    crop: { kind: 'resize-crop', device: edge, params: { width: 224, height: 224 } },
    scale: { kind: 'normalize', device: edge, params: { preset } },
    top: { kind: 'top-labels', device: cloud, params: { k: 3, labels: 'imagenet' } },
    result: { kind: 'graph-output', device: cloud, params: {} },
  }
  const wires = [
    { from: 'photos.image', to: 'crop.image' },
    { from: 'crop.image', to: 'scale.image' },
    { from: 'scale.tensor', to: 'part-0.input' },
    { from: `part-${cuts.length}.logits`, to: 'top.scores' },
    { from: 'top.labels', to: 'result.value' },
  ]
  for (const [part, device] of devices.entries()) {
    const [begin, end] = [cuts[part - 1], cuts[part]].map((cut) => cut?.tensors.map(({ name }) => name))
    const range = { ...(begin && { inputs: begin }), ...(end && { outputs: end }) }
    nodes[`part-${part}`] = { kind: 'onnx-model', device, params: { model, ...range } }
    for (const [index, tensor] of (end ?? []).entries()) {
      const [pack, link, unpack] = ['pack', 'link', 'unpack'].map((step) => `${step}-${part}-${index}`)
      const next = devices[part + 1] ?? ''
      nodes[`${pack}`] = { kind: 'quantize-rans', device, params: { levels } }
      nodes[`${link}`] = { kind: 'tcp-transport', from: device, to: next, params: {} }
      nodes[`${unpack}`] = { kind: 'dequantize-rans', device: next, params: {} }
      wires.push(
        { from: `part-${part}.${tensor}`, to: `${pack}.tensor` },
        { from: `${pack}.bytes`, to: `${link}.in` },
        { from: `${link}.out`, to: `${unpack}.bytes` },
        { from: `${unpack}.tensor`, to: `part-${part + 1}.${tensor}` },
      )
    }
  }
  const roles = devices.map((device) => [device, { role: device === 'cloud' ? 'cloud' : 'edge' }])
  const title = `${model} cut at ${cuts.map(({ id }) => id).join(' and ') || 'no place'}`
  return { format: 'colliflow.graph', version: 1, title, devices: Object.fromEntries(roles), nodes, wires }
}
