import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { deviceProcessFlags } from '../../src/node/deviceProcessFlags.ts'
import type { DeviceRole } from '../../src/shared/graph/graph.ts'

/** A real device process with folders of its own, so that a benchmark can dial it and watch its memory. */
export interface DeviceProcess {
  readonly address: string
  readonly pid: number | undefined
  /** Resident memory in bytes; Linux only, undefined elsewhere. */
  residentBytes(): Promise<number | undefined>
  stop(): Promise<void>
}

export async function startDeviceProcess(role: DeviceRole): Promise<DeviceProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'colliflow-bench-'))
  const entry = fileURLToPath(new URL('../../dist/runtime/node.js', import.meta.url))
  const folders = ['--data-dir', join(folder, 'data'), '--output-dir', folder]
  const child = spawn(
    process.execPath,
    [...deviceProcessFlags, entry, '--role', role, '--port', '0', '--exit-with-parent', ...folders],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The ${role} device ended with exit code ${code}`)))
  })
  const { address } = JSON.parse(line) as { address: string } // our own program's first line
  return {
    address,
    pid: child.pid,
    residentBytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => undefined)
      const kilobytes = status === undefined ? undefined : /VmRSS:\s+(\d+) kB/.exec(status)?.[1]
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
    },
    stop: async () => {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
