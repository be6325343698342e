import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startInferenceWorker } from '../runtime/adapters/node/inference/inferenceWorkerHandle.ts'
import { tinyModel } from '../runtime/adapters/node/testing/tinyModels.ts'
import { createTensor } from '../src/shared/tensor/tensor.ts'
import type { BenchRow } from './benchRow.ts'

const warmUp = 1000
const rounds = 5000

/** What it costs to leave the event loop for an inference worker and come back, one request after the other. */
export async function benchInferenceHop(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'colliflow-bench-'))
  const path = join(folder, 'identity.onnx')
  await writeFile(path, tinyModel({ shape: ['N'] }))
  const worker = await startInferenceWorker(path, 1, 'identity')
  try {
    const small = { x: createTensor('float32', [1024], new Float32Array(1024)) }
    const large = { x: createTensor('float32', [150_528], new Float32Array(150_528)) }
    const hop = await measureUs(() => worker.ping())
    return [
      {
        name: 'hop to an inference worker, p50',
        value: hop.p50,
        unit: 'us',
        target: '<= 40 us',
        met: hop.p50 <= 40,
        note: `there and back without work; p95 ${hop.p95.toFixed(0)} us`,
      },
      await runRow('identity model, 4 KB in and out, p50', () => worker.run(small, false)),
      await runRow('identity model, 602 KB in and out, p50', () => worker.run(large, false)),
    ]
  } finally {
    await worker.terminate()
    await rm(folder, { recursive: true })
  }
}

async function runRow(name: string, act: () => Promise<unknown>): Promise<BenchRow> {
  const { p50, p95 } = await measureUs(act)
  return { name, value: p50, unit: 'us', note: `hop, copies and onnxruntime's own run; p95 ${p95.toFixed(0)} us` }
}

async function measureUs(act: () => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  const times: number[] = []
  for (let round = 0; round < warmUp + rounds; round++) {
    const begin = process.hrtime.bigint()
    await act()
    if (round >= warmUp) times.push(Number(process.hrtime.bigint() - begin) / 1000)
  }
  times.sort((a, b) => a - b)
  return { p50: times[rounds / 2] ?? Number.NaN, p95: times[Math.floor(rounds * 0.95)] ?? Number.NaN }
}
