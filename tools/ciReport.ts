// Closes a CI run: reads what the tests reported and prints "N passed, N failed". Fails when a test failed, was left
// out or none ran at all: in CI everything that the tests need is there.
import { readFileSync } from 'node:fs'
import { summarizeTests } from './testSummary.ts'

const summary = summarizeTests(JSON.parse(readFileSync('.cache/tests.json', 'utf8')))
for (const name of summary.leftOut) console.error(`left out: ${name}`)
console.log(`${summary.passed} passed, ${summary.failed} failed`)
process.exitCode = summary.failed === 0 && summary.leftOut.length === 0 && summary.passed > 0 ? 0 : 1
