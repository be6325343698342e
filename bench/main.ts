import { cpus, release, totalmem } from 'node:os'
import { formatTable } from '../src/cli/format.ts'
import type { BenchRow } from './benchRow.ts'

/** Every benchmark, in the order in which they run; each is also runnable alone: `npm run bench -- links`. */
const suites: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  engine: async () => (await import('./engine.ts')).benchEngine(),
  inference: async () => (await import('./inferenceHop.ts')).benchInferenceHop(),
  codecs: async () => (await import('./codecs.ts')).benchCodecs(),
  links: async () => (await import('./links.ts')).benchLinks(),
  deployed: async () => (await import('./deployed.ts')).benchDeployed(),
  clients: async () => (await import('./clients.ts')).benchClients(),
  validate: async () => (await import('./validate.ts')).benchValidate(),
  memory: async () => (await import('./memory.ts')).benchMemory(),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in suites))
if (unknown.length > 0) {
  process.stderr.write(`No benchmark ${unknown.join(', ')}. There are: ${Object.keys(suites).join(', ')}.\n`)
  process.exit(2)
}

const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  system: `${process.platform} ${release()}`,
  node: process.version,
}
process.stderr.write(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}\n`)

const rows: BenchRow[] = []
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stderr.write(`${name} ...\n`)
  rows.push(...(await suite()))
}

const cells = rows.map(({ name, value, unit, target, met, note }) => [
  name,
  `${Number(value.toPrecision(4))} ${unit}`,
  target ?? '',
  met === undefined ? '' : met ? 'met' : 'MISSED',
  note ?? '',
])
for (const line of formatTable(['measured', 'value', 'target', '', 'how'], cells)) process.stdout.write(`${line}\n`)
process.stdout.write(`${JSON.stringify({ date: new Date().toISOString(), machine, rows })}\n`)
const missed = rows.filter(({ met }) => met === false)
process.stderr.write(missed.length === 0 ? 'Every target is met.\n' : `${missed.length} targets missed.\n`)
process.exit(0)
