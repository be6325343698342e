// `npm run check`: every static gate and the unit tests. `npm test` (--all): the build and the integration tests too.
// Gates run two at a time; the tests run alone at the end, so that their deadlines meet an idle machine.
import { availableParallelism } from 'node:os'
import { runStep, type Step, type StepOutcome } from './runStep.ts'

const all = process.argv.includes('--all')
const atOnce = Math.min(availableParallelism(), 4)

const gates: readonly Step[] = [
  ...(all ? [{ name: 'build', args: ['tools/build.js'] }] : []),
  { name: 'types: node', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.node.json'] },
  { name: 'types: shared', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.shared.json'] },
  { name: 'unused code', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: 'layers', args: ['tools/layers.ts'] },
  { name: 'style', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'repository', args: ['tools/repository.ts'] },
]
const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=.cache/tests.json']
const tests: Step = {
  name: all ? 'all tests' : 'unit tests',
  live: true,
  limitMs: all ? 10 * 60_000 : 4 * 60_000,
  args: ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...(all ? [] : ['--project', 'unit'])],
}

const outcomes = await runAll(gates, atOnce)
outcomes.push(report(await runStep(tests)))

const failed = outcomes.filter((outcome) => outcome.code !== 0)
console.log(
  failed.length === 0
    ? `\nAll ${outcomes.length} steps passed.`
    : `\n${failed.length} of ${outcomes.length} steps failed: ${failed.map(({ name }) => name).join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1

async function runAll(steps: readonly Step[], lanes: number): Promise<StepOutcome[]> {
  const waiting = [...steps]
  const done: StepOutcome[] = []
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) done.push(report(await runStep(step)))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return done
}

/** Prints a step as it ends: one line when it passed, with all its output when it failed and was not shown before. */
function report(outcome: StepOutcome): StepOutcome {
  const seconds = (outcome.elapsedMs / 1000).toFixed(1).padStart(6)
  console.log(`${outcome.code === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${outcome.name}`)
  if (outcome.code !== 0 && outcome.name !== tests.name) console.log(indent(outcome.output.trimEnd()))
  return outcome
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
