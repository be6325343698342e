// What holds for the repository as a whole: no large files, and a lockfile that names no download addresses, so that
// it installs from whichever registry the user has configured.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { largeFiles, lockfileAddresses } from './repositoryRules.ts'

const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(path))
  .map((path) => ({ path, bytes: statSync(path).size }))

const faults = [...largeFiles(tracked), ...lockfileAddresses(readFileSync('package-lock.json', 'utf8'))]
for (const fault of faults) console.error(fault)
console.log(`${tracked.length} tracked files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
