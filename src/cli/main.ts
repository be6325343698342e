#!/usr/bin/env node
import nodeModule from 'node:module'
import type { ErrorCode } from '../shared/errors/codes.ts'

const oldestMajor = 24
const { node } = process.versions

// Asked before anything else is loaded, because loading it in an older Node fails with a riddle.
if (Number.parseInt(node, 10) < oldestMajor) {
  const code: ErrorCode = 'usage.node-too-old'
  const message = `colliflow needs Node ${oldestMajor} or newer, this is Node ${node}. Install a newer one from nodejs.org, or "npm i node@${oldestMajor}" beside colliflow and use npx.`
  process.stderr.write(`error: ${message}  [${code}]\n`)
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ type: 'error', code, message })}\n`)
  process.exitCode = 2
} else {
  // Most of a short command's time is compiling modules.
  nodeModule.enableCompileCache()
  const { runCli } = await import('./cli.ts')
  await runCli(process.argv)
}
