#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Before anything else is loaded: most of a short command's time is compiling modules.
enableCompileCache?.()
const { runCli } = await import('./cli.ts')
await runCli(process.argv)
