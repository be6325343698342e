import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { deviceProcessFlags } from '../node/deviceProcessFlags.ts'
import { siblingScript } from '../node/siblingScript.ts'
import { AppError } from '../shared/errors/appError.ts'
import { BugError } from '../shared/errors/bugError.ts'
import type { DeviceRole } from '../shared/graph/graph.ts'
import { runCommand } from './commandContext.ts'

export interface DeviceOptions {
  readonly port: string
  readonly host: string
  readonly name?: string
  readonly dataDir?: string
  readonly outputDir: string
  readonly json?: boolean
}

/** `colliflow server` and `colliflow agent`: a device process until Ctrl+C. Its first line says where it listens. */
export async function device(role: DeviceRole, options: DeviceOptions): Promise<void> {
  await runCommand(options, async (context) => {
    if (!/^\d+$/.test(options.port) || Number(options.port) > 65_535) {
      throw new AppError(
        'usage.invalid',
        `--port ${options.port}: expected a number from 0 to 65535; 0 picks a free one.`,
      )
    }
    const child = spawn(
      process.execPath,
      [...deviceProcessFlags, siblingScript(import.meta.url, '../../runtime/node'), ...childArguments(role, options)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    // The child leaves Ctrl+C to us and ends with its stdin.
    const stop = () => child.stdin.end()
    context.signal.addEventListener('abort', stop, { once: true })
    let failed = false
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = parseDeviceLine(line)
      failed ||= said.type === 'error'
      context.emit(said)
      // What went wrong the device has said on stderr, which is ours too.
      if (!context.json && said.type === 'listening')
        context.print(`${role === 'cloud' ? 'Server' : 'Agent'} listening at ${said.address}  (Ctrl+C stops it)`)
    })
    const exitCode = await new Promise<number>((settle, reject) => {
      child.once('error', reject)
      child.once('close', (code) => settle(code ?? 1))
    })
    return exitCode === 0 && !failed ? 0 : 1
  })
}

interface DeviceLine {
  readonly type?: unknown
  readonly address?: unknown
}

function parseDeviceLine(line: string): DeviceLine & Readonly<Record<string, unknown>> {
  const said: unknown = JSON.parse(line)
  if (typeof said === 'object' && said !== null) return { ...said }
  throw new BugError(`A device printed on stdout what is no message: ${line}`)
}

function childArguments(role: DeviceRole, options: DeviceOptions): string[] {
  const { name, dataDir } = options
  return [
    ...['--role', role, '--host', options.host, '--port', options.port, '--exit-with-parent'],
    ...['--output-dir', resolve(options.outputDir)],
    ...(name === undefined ? [] : ['--name', name]),
    ...(dataDir === undefined ? [] : ['--data-dir', resolve(dataDir)]),
  ]
}
