import { BugError } from '../../errors/bugError.ts'
import { unwrap } from '../../errors/result.ts'
import type { JsonObject } from '../../graph/graph.ts'
import type { NodeContext } from '../nodeContext.ts'
import type { NodeInputs, NodeKind, NodeOutputs, SourceFrame, StreamFrame } from '../nodeKind.ts'
import { collect } from './collect.ts'
import { createFakeContext } from './fakeContext.ts'

export interface TestFrame extends Partial<StreamFrame> {
  readonly inputs: NodeInputs
}

/** Runs frames through a kind, in whichever form it executes; frames that it skips give undefined. */
export async function runKind(
  kind: NodeKind,
  params: JsonObject,
  frames: readonly TestFrame[],
  context: NodeContext = createFakeContext(),
): Promise<(NodeOutputs | undefined)[]> {
  const parsed = unwrap(kind.parseParams(params))
  const numbered = frames.map((frame, seq): StreamFrame => ({ seq, capturedAtNs: seq, ...frame }))
  if (kind.stream !== undefined) return collect(kind.stream(streamOf(numbered), parsed, context))
  const execute =
    (await kind.prepare?.(parsed, context)) ??
    ((inputs: NodeInputs, frame: StreamFrame) => kind.execute?.(inputs, parsed, context, frame))
  const outputs: (NodeOutputs | undefined)[] = []
  for (const frame of numbered) outputs.push(await execute(frame.inputs, frame))
  return outputs
}

/** The first `limit` frames of a source. */
export async function runSource(
  kind: NodeKind,
  params: JsonObject,
  context: NodeContext = createFakeContext(),
  limit = 100,
): Promise<SourceFrame[]> {
  const frames: SourceFrame[] = []
  const produced = kind.produce?.(unwrap(kind.parseParams(params)), context)
  if (produced === undefined) throw new BugError(`${kind.id} is no source`)
  for await (const frame of produced) {
    frames.push(frame)
    if (frames.length === limit) break
  }
  return frames
}

async function* streamOf(frames: readonly StreamFrame[]): AsyncIterable<StreamFrame> {
  yield* frames
}
