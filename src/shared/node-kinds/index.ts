import type { z } from 'zod'
import type { GraphNode } from '../graph/graph.ts'
import type { KindRegistry } from '../graph/kindRegistry.ts'
import { accuracy } from './accuracy.ts'
import { agreement } from './agreement.ts'
import { argmax } from './argmax.ts'
import { batch } from './batch.ts'
import { cast } from './cast.ts'
import { dequantizeRans } from './dequantizeRans.ts'
import { graphInput } from './graphInput.ts'
import { graphOutput } from './graphOutput.ts'
import { imageFolder } from './imageFolder.ts'
import { jpegDecoder } from './jpegDecoder.ts'
import { jpegEncoder } from './jpegEncoder.ts'
import { latestJoin } from './latestJoin.ts'
import { layout } from './layout.ts'
import { merge } from './merge.ts'
import type { NodeKind } from './nodeKind.ts'
import { normalize } from './normalize.ts'
import { onnxModel } from './onnxModel.ts'
import { pngDecoder } from './pngDecoder.ts'
import { pngEncoder } from './pngEncoder.ts'
import { quantizeRans } from './quantizeRans/quantizeRans.ts'
import { recorder } from './recorder/recorder.ts'
import { resizeCrop } from './resizeCrop.ts'
import { sample } from './sample.ts'
import { softmax } from './softmax.ts'
import { syntheticFrames } from './syntheticFrames.ts'
import { table } from './table.ts'
import { tcpTransport } from './tcpTransport.ts'
import { topLabels } from './topLabels.ts'
import { webpDecoder } from './webpDecoder.ts'
import { webpEncoder } from './webpEncoder.ts'
import { websocketTransport } from './websocketTransport.ts'
import { zip } from './zip.ts'
import { zstdDecoder } from './zstdDecoder.ts'
import { zstdEncoder } from './zstdEncoder.ts'

/**
 * Every kind of node, in the order of the palette and of docs/node-kinds.md. A new kind is one file and one line here;
 * ids, typed nodes and modules of the functional API are derived from this list.
 */
export const nodeKinds = [
  imageFolder,
  syntheticFrames,
  graphInput,
  resizeCrop,
  normalize,
  cast,
  layout,
  onnxModel,
  quantizeRans,
  dequantizeRans,
  jpegEncoder,
  jpegDecoder,
  pngEncoder,
  pngDecoder,
  webpEncoder,
  webpDecoder,
  zstdEncoder,
  zstdDecoder,
  tcpTransport,
  websocketTransport,
  zip,
  latestJoin,
  merge,
  sample,
  batch,
  softmax,
  topLabels,
  argmax,
  agreement,
  accuracy,
  table,
  recorder,
  graphOutput,
] as const satisfies readonly NodeKind[]

type Kind = (typeof nodeKinds)[number]

/** Ids of the kinds in the list: a typo in one is a compile error. */
export type KindId = Kind['id']

/** Params of a kind as a document may give them: what has a default may be left out. */
export type KindParams<Id extends KindId> = z.input<Extract<Kind, { readonly id: Id }>['params']>

/** A GraphNode whose kind is in the list, with the params of that kind. */
export type KindNode = {
  [Id in KindId]: Omit<GraphNode, 'kind' | 'params'> & { readonly kind: Id; readonly params: KindParams<Id> }
}[KindId]

/** A KindRegistry that gives back what was put in. */
export interface KindTable<K extends NodeKind> extends KindRegistry {
  get(kindId: string): K | undefined
  list(): readonly K[]
}

/** Looks kinds up by id. With one id twice the later kind wins. */
export function createKindRegistry<K extends NodeKind>(kinds: readonly K[]): KindTable<K> {
  const byId = new Map(kinds.map((kind) => [kind.id, kind]))
  return { get: (kindId) => byId.get(kindId), list: () => [...byId.values()] }
}
