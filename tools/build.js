// Builds dist/ from src/ and runtime/. Plain JavaScript, because `prepare` may run under the host's Node before Node 24
// is there. With --if-possible it does nothing where TypeScript is not installed (`npm ci --omit=dev`).
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

if (!existsSync(compiler) && process.argv.includes('--if-possible')) {
  console.error('colliflow: TypeScript is not installed, so dist/ is left as it is.')
} else {
  rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  const command = new URL('../dist/src/cli/main.js', import.meta.url)
  if (existsSync(command)) chmodSync(command, 0o755)
  process.exitCode = status ?? 1
}
