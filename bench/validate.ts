import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { percentile } from '../src/shared/profile/percentile.ts'
import { type BenchRow, judged } from './benchRow.ts'

const entry = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const runs = 11

/** `colliflow validate` of a graph of 1,000 nodes, from the start of the process to its end. */
export async function benchValidate(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'colliflow-bench-'))
  try {
    const file = join(folder, 'thousand.graph.json')
    writeFileSync(file, JSON.stringify(thousandNodes()))
    const times = Array.from({ length: runs }, () => timeOf([entry, 'validate', file]))
    const floors = Array.from({ length: runs }, () => timeOf(['-e', '0']))
    const note = `median of ${runs}; an empty Node process takes ${percentile(floors, 0.5).toFixed(0)} ms`
    return [judged('validate, 1,000 nodes, whole process', percentile(times, 0.5), 'ms', '<= 300', note)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function timeOf(args: readonly string[]): number {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Exit code ${status}: ${stderr}`)
  return performance.now() - startedAt
}

/** 250 rows of synthetic frames, resize, normalise and an output: every wire typed and checked. */
function thousandNodes(): object {
  const nodes: Record<string, object> = {}
  const wires: object[] = []
  for (let row = 0; row < 250; row++) {
    nodes[`frames${row}`] = { kind: 'synthetic-frames', device: 'phone', params: { width: 320, height: 240 } }
    nodes[`crop${row}`] = { kind: 'resize-crop', device: 'phone', params: { width: 224, height: 224 } }
    nodes[`scale${row}`] = { kind: 'normalize', device: 'phone', params: { preset: 'imagenet-tf' } }
    nodes[`out${row}`] = { kind: 'graph-output', device: 'phone', params: {} }
    wires.push({ from: `frames${row}.image`, to: `crop${row}.image` })
    wires.push({ from: `crop${row}.image`, to: `scale${row}.image` })
    wires.push({ from: `scale${row}.tensor`, to: `out${row}.value` })
  }
  const devices = { phone: { role: 'edge' } }
  return { format: 'colliflow.graph', version: 1, title: 'A thousand nodes', devices, nodes, wires, layout: {} }
}
