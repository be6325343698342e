import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../../', import.meta.url))
const entry = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout as JSON lines; empty unless every line is one. */
  readonly lines: readonly Record<string, unknown>[]
}

export interface Started {
  readonly child: ChildProcess
  /** The next JSON line on stdout of this type. */
  next(type: string): Promise<Record<string, unknown>>
  readonly finished: Promise<Finished>
}

/** A test that fails half-way leaves nothing running: devices end with the command that started them. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts the real command as a user would, in the repository's folder unless told otherwise. */
export function startColliflow(
  args: readonly string[],
  options: {
    readonly cwd?: string
    readonly env?: Readonly<Record<string, string>>
    /** With a process group of its own, as a shell starts it. */
    readonly detached?: boolean
  } = {},
): Started {
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...process.env, ...options.env },
    detached: options.detached ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let stdout = ''
  let stderr = ''
  const seen: Record<string, unknown>[] = []
  const waiting: { type: string; resolve: (line: Record<string, unknown>) => void; reject: (error: Error) => void }[] =
    []
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    stdout += `${text}\n`
    const line = parseLine(text)
    if (line === undefined) return
    seen.push(line)
    const index = waiting.findIndex(({ type }) => type === line.type)
    if (index >= 0) waiting.splice(index, 1)[0]?.resolve(line)
  })
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => {
      for (const { type, reject: giveUp } of waiting) {
        giveUp(new Error(`colliflow ${args.join(' ')} ended without a line of type ${type}:\n${stdout}\n${stderr}`))
      }
      const whole = stdout.trim().split('\n').map(parseLine)
      const lines = whole.every((line) => line !== undefined) ? whole : []
      resolve({ exitCode, stdout, stderr, lines })
    })
  })
  return {
    child,
    finished,
    next: (type) => {
      const found = seen.find((line) => line.type === type)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve, reject) => waiting.push({ type, resolve, reject }))
    },
  }
}

export function colliflow(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Finished> {
  return startColliflow(args, options).finished
}

function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // a line for people
  }
}
