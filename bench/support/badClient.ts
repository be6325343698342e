import type { ClientInput } from '../../src/host/run/runGraph.ts'
import { runOn } from './runOn.ts'
import { randomTensor, tailRun } from './tailRun.ts'

/**
 * A client that does not behave, as a process of its own until it is killed. Slow: sends as much as it may and takes a
 * second over each answer. Flooding: sends as much as it may and takes answers at once.
 */
export type BadClient = 'slow' | 'flooding'

const slowAnswerMs = 1000

const [mode, address = ''] = process.argv.slice(2)
const { document, shape } = await tailRun()
async function* asFastAsPossible(): AsyncGenerator<ClientInput> {
  const tensor = randomTensor(shape)
  for (;;) yield { tensor }
}
await runOn(
  document,
  { server: address },
  {
    inputs: { frames: asFastAsPossible() },
    onOutput: async ({ seq }) => {
      if (seq === 0) process.send?.('under way')
      if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, slowAnswerMs))
    },
  },
)
