import { z } from 'zod'
import { testKinds } from '../../graph/testing/testRegistry.ts'
import type { AssetRequest, NodeKind } from '../../node-kinds/nodeKind.ts'

/** The kinds of the graph tests as full kinds: only the model has assets, nothing runs. */
export const testNodeKinds: ReadonlyMap<string, NodeKind> = new Map(
  testKinds.map((kind): [string, NodeKind] => [
    kind.id,
    {
      ...kind,
      version: 1,
      group: 'Flow',
      summary: 'For tests.',
      params: z.looseObject({}),
      concurrency: 1,
      assets: (params): Record<string, AssetRequest> =>
        kind.id === 'onnx-model' ? { model: { type: 'model', model: String(params.model) } } : {},
    },
  ]),
)
