import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { deviceProcessFlags } from '../../node/deviceProcessFlags.ts'
import { siblingScript } from '../../node/siblingScript.ts'
import { AppError, messageOf } from '../../shared/errors/appError.ts'
import type { DeviceId, DeviceRole } from '../../shared/graph/graph.ts'
import type { Device } from './device.ts'
import { dialDevice } from './dialDevice.ts'

export interface EmbeddedOptions {
  readonly id: DeviceId
  readonly role: DeviceRole
  /** Where it keeps blobs. */
  readonly dataDir: string
  /** Where its sinks (tables, recordings) write. */
  readonly outputDir: string
  readonly signal?: AbortSignal
}

const listeningLine = z.object({ type: z.literal('listening'), address: z.string() })

/**
 * Starts a device as a process of its own on this computer, on a free loopback port, and connects to it. The process
 * is the same that `colliflow server` and `colliflow agent` run; it ends with this one.
 * Fails with `device.unreachable` and what the process said, when it does not come up.
 */
export async function startEmbeddedDevice(options: EmbeddedOptions): Promise<Device> {
  const name = `${options.id} (this computer)`
  const child = spawn(
    process.execPath,
    [
      ...deviceProcessFlags,
      siblingScript(import.meta.url, '../../../runtime/node'),
      ...['--role', options.role, '--host', '127.0.0.1', '--port', '0', '--name', name],
      ...['--data-dir', options.dataDir, '--output-dir', options.outputDir, '--exit-with-parent'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  try {
    const address = await firstAddress(child, name, options.signal)
    return await dialDevice({
      id: options.id,
      address,
      name,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onClose: (wasLost) => endProcess(child, wasLost),
    })
  } catch (error) {
    await endProcess(child, false)
    throw error
  }
}

async function firstAddress(child: ChildProcess, name: string, signal: AbortSignal | undefined): Promise<string> {
  const said: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const line = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new AppError('device.unreachable', `Device ${name} did not start: ${why}. ${said.join('').trim()}`.trim()))
    const cancel = () => reject(new AppError('run.cancelled', `Stopped while ${name} was starting.`))
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    child.once('error', (error) => fail(messageOf(error)))
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `exit code ${code}`}`))
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve)
  })
  const parsed = listeningLine.safeParse(safeJson(line))
  if (parsed.success) return parsed.data.address
  throw new AppError('device.unreachable', `Device ${name} did not say where it listens but: ${line}`)
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller reports the text itself
  }
}

const killAfterMs = 2000

/** `wasLost`: it has fallen silent already, so that asking it would be waiting for nothing. */
async function endProcess(child: ChildProcess, wasLost: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdin?.end()
  child.kill(wasLost ? 'SIGKILL' : 'SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  await exited
  clearTimeout(timer)
}
