import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server } from '../../runtime/node.ts'
import { nodeKinds } from '../../src/shared/node-kinds/index.ts'
import type { FrameExecutor, FrameInfo, NodeKind } from '../../src/shared/node-kinds/nodeKind.ts'

/**
 * A device process that also sums what its nodes compute for each frame, so that a benchmark can subtract exactly that
 * from a frame's latency. Run by fork; answers 'times' with one number of milliseconds per frame number.
 */
const computedMs: number[] = []

function add(frame: FrameInfo, startedAt: number): void {
  computedMs[frame.seq] = (computedMs[frame.seq] ?? 0) + performance.now() - startedAt
}

function timed(executor: FrameExecutor): FrameExecutor {
  return (inputs, frame) => {
    const startedAt = performance.now()
    const outputs = executor(inputs, frame)
    if (!(outputs instanceof Promise)) {
      add(frame, startedAt)
      return outputs
    }
    return outputs.finally(() => add(frame, startedAt))
  }
}

function timedKind(kind: NodeKind): NodeKind {
  const { execute, prepare } = kind
  if (execute !== undefined) {
    return {
      ...kind,
      execute: (inputs, params, context, frame) =>
        timed((given, info) => execute(given, params, context, info))(inputs, frame),
    }
  }
  if (prepare === undefined) return kind
  return { ...kind, prepare: async (params, context) => timed(await prepare(params, context)) }
}

const folder = mkdtempSync(join(tmpdir(), 'colliflow-bench-'))
const role = process.argv[2] === 'cloud' ? 'cloud' : 'edge'
const server = new Server({ role, port: 0, kinds: nodeKinds.map(timedKind), dataDir: folder, outputDir: folder })
process.on('message', () => process.send?.({ type: 'times', computedMs: computedMs.splice(0) }))
process.on('disconnect', async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
process.send?.({ type: 'listening', address: await server.start() })
