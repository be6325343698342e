import { spawn } from 'node:child_process'

/** One command of a check: a script for this same Node, with its arguments. */
export interface Step {
  readonly name: string
  readonly args: readonly string[]
  /** Ends the step, as failed, when it takes longer: an endless loop in a test is not stopped by the test's own deadline. */
  readonly limitMs?: number
  /** Shows the output as it comes, besides collecting it. */
  readonly live?: boolean
}

export interface StepOutcome {
  readonly name: string
  /** Exit code; 1 if a signal ended it. */
  readonly code: number
  readonly elapsedMs: number
  /** stdout and stderr as they came. */
  readonly output: string
}

/** Runs a step from the repository root to its end; never rejects for what the step does. */
export function runStep(step: Step, cwd: string = process.cwd()): Promise<StepOutcome> {
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, step.args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    const collect = (chunk: Buffer) => {
      chunks.push(chunk)
      if (step.live) process.stdout.write(chunk)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const stopLate = () => {
      collect(Buffer.from(`\n${step.name}: stopped after ${step.limitMs} ms\n`))
      child.kill('SIGKILL')
    }
    const timer = step.limitMs === undefined ? undefined : setTimeout(stopLate, step.limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      const output = Buffer.concat(chunks).toString('utf8')
      resolve({ name: step.name, code: code ?? 1, elapsedMs: performance.now() - startedAtMs, output })
    })
  })
}
