import { AppError, messageOf } from '../shared/errors/appError.ts'
import { BugError } from '../shared/errors/bugError.ts'
import { createProgress, type Progress } from './progress.ts'

/** What every command gets: where to print, how it is stopped, and whether a program reads along. */
export interface CommandContext {
  readonly json: boolean
  /** Aborted at Ctrl+C or SIGTERM: finish what is in flight, then end. */
  readonly signal: AbortSignal
  readonly progress: Progress
  /** One machine-readable line on stdout; nothing without --json. */
  emit(value: Readonly<Record<string, unknown>>): void
  /** A line of the command's result for people: stdout, or stderr with --json. */
  print(line: string): void
  /** A remark beside the result: always stderr. */
  note(line: string): void
}

/** 0: fine. 1: the thing failed. 2: wrong usage. */
export type ExitCode = 0 | 1 | 2

/**
 * Runs a command's body with its context, turns errors into a clear last line and an exit code, and stops it at
 * Ctrl+C; a second Ctrl+C ends the process at once.
 */
export async function runCommand(
  options: { readonly json?: boolean | undefined },
  body: (context: CommandContext) => Promise<ExitCode>,
): Promise<void> {
  const json = options.json === true
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort(new AppError('run.cancelled', 'Stopped by the user.'))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  endQuietlyWhenNobodyReads()
  const progress = createProgress(process.stderr)
  const context: CommandContext = {
    json,
    signal: controller.signal,
    progress,
    emit: (value) => {
      progress.clear()
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    print: (line) => {
      progress.clear()
      const stream = json ? process.stderr : process.stdout
      stream.write(`${line}\n`)
    },
    note: (line) => {
      progress.clear()
      process.stderr.write(`${line}\n`)
    },
  }
  try {
    process.exitCode = await body(context)
  } catch (error) {
    process.exitCode = report(error, context)
  } finally {
    progress.clear()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

function report(error: unknown, context: CommandContext): ExitCode {
  const known = error instanceof AppError ? error : undefined
  const code = known?.code ?? 'internal.bug'
  const message = messageOf(error)
  if (known !== undefined) context.note(`error: ${message}  [${code}]`)
  else
    context.note(`This is a mistake in colliflow, please report it: ${error instanceof Error ? error.stack : message}`)
  if (error instanceof BugError) context.note('(a broken internal assumption)')
  context.emit({ type: 'error', code, message })
  return code === 'usage.invalid' ? 2 : 1
}

/** `colliflow ... | head` closes our stdout: that is the reader's right, not an error. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
