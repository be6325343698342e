import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { classCountOf } from './classScores.ts'
import type { NodeContext } from './nodeContext.ts'
import { defineNodeKind, refuseInput } from './nodeKind.ts'
import { softmaxOf } from './softmax.ts'
import { formatTensor, takeTyped } from './takeInput.ts'

/** One class of an answer. */
export interface TopLabel {
  /** Place in the network's output. */
  readonly index: number
  readonly label: string
  /** Probability, or the score itself where the node takes scores as they are. */
  readonly score: number
  /** Whether the network's class 0 is "background", so that `index` counts from 1 in the label set. */
  readonly background: boolean
}

const codec = 'top-labels'

/** float32 [..., classes] of one picture to string [k], best first; each element is a TopLabel as compact JSON. */
export const topLabels = defineNodeKind({
  id: 'top-labels',
  version: 1,
  label: 'Top labels',
  group: 'Results',
  summary: 'Names the best classes of a classifier, with their probabilities.',
  params: z.strictObject({
    k: z.int().min(1).max(20).default(3).describe('How many classes, best first.'),
    labels: z.string().min(1).max(64).default('imagenet').describe('Label set that names the classes.'),
    scores: z
      .enum(['softmax', 'as-is'])
      .default('softmax')
      .describe('softmax turns scores into probabilities first; as-is is for networks that end in probabilities.'),
  }),
  inputs: { scores: { label: 'Scores', accepts: 'float32' } },
  outputs: { labels: { label: 'Labels' } },
  inferOutputs: ({ k, labels }, { scores }, resources) => {
    const classes = classCountOf(scores)
    const names = resources.labelSet(labels)?.names.length
    if (classes !== undefined && names !== undefined && classes !== names && classes !== names + 1) {
      const message = `Label set ${labels} names ${names} classes (or ${names + 1} with background first), but the scores have ${classes}. Choose the label set of the network.`
      return refuseInput('scores', message)
    }
    const shape = [classes === undefined ? k : Math.min(k, classes)]
    return { labels: { dtype: 'string', shape, encoding: { codec } } }
  },
  assets: ({ labels }) => ({ labels: { type: 'labels', labels } }),
  async prepare({ k, labels, scores }, context) {
    const names = await readNames(labels, context)
    return (inputs) => {
      const tensor = takeTyped(inputs, 'scores', 'float32')
      const count = tensor.data.length
      if (count !== (tensor.shape.at(-1) ?? 1) || (count !== names.length && count !== names.length + 1)) {
        const message = `Label set ${labels} names ${names.length} classes of one picture, found scores ${formatTensor(tensor)}.`
        throw new AppError('tensor.shape-mismatch', message)
      }
      const background = count === names.length + 1
      const values = scores === 'softmax' ? softmaxOf(tensor.data) : tensor.data
      const best = bestIndices(values, k).map((index) =>
        formatTopLabel({ index, label: nameOf(index, names, background), score: values[index] ?? 0, background }),
      )
      return { labels: createTensor('string', [best.length], best) }
    }
  },
})

const nameFile = z.object({ names: z.array(z.string()) })

async function readNames(labels: string, { assets, readBlob }: NodeContext): Promise<readonly string[]> {
  const [blob] = assets.labels ?? []
  if (blob !== undefined) {
    const file = nameFile.safeParse(JSON.parse(new TextDecoder().decode(await readBlob(blob.hash))))
    if (file.success) return file.data.names
  }
  throw new AppError('model.labels-missing', `Label set ${labels} did not reach the device. Deploy the graph again.`)
}

function nameOf(index: number, names: readonly string[], background: boolean): string {
  if (!background) return names[index] ?? ''
  return index === 0 ? 'background' : (names[index - 1] ?? '')
}

/** Places of the k greatest values, best first; of equal ones the lower place first. NaN counts as the least. */
export function bestIndices(values: ArrayLike<number>, k: number): number[] {
  const best: number[] = []
  const scoreOf = (index: number) => {
    const value = values[index] ?? Number.NaN
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  }
  for (let index = 0; index < values.length; index++) {
    const score = scoreOf(index)
    if (best.length === k && score <= scoreOf(best[k - 1] ?? 0)) continue
    let place = best.length
    while (place > 0 && score > scoreOf(best[place - 1] ?? 0)) place--
    best.splice(place, 0, index)
    if (best.length > k) best.pop()
  }
  return best
}

/** Scores with 6 significant digits: enough to compare, short on the wire. `background` is written where it is true. */
function formatTopLabel({ index, label, score, background }: TopLabel): string {
  return JSON.stringify({ index, label, score: Number(score.toPrecision(6)), ...(background && { background }) })
}

const topLabelSchema = z.object({
  index: z.int().nonnegative(),
  label: z.string(),
  score: z.number(),
  background: z.boolean().default(false),
})

/** The answer of a top-labels node, best class first; undefined for any other tensor. */
export function labelsOf(tensor: Tensor): readonly TopLabel[] | undefined {
  if (tensor.dtype !== 'string') return undefined
  try {
    return parseTopLabels(tensor)
  } catch {
    return undefined // other text
  }
}

/** The answer of a top-labels node, best class first. Fails with `codec.payload-invalid` for any other tensor. */
export function parseTopLabels(tensor: Tensor): readonly TopLabel[] {
  if (tensor.dtype === 'string') {
    try {
      return tensor.data.map((text) => topLabelSchema.parse(JSON.parse(text)))
    } catch (cause) {
      throw new AppError('codec.payload-invalid', 'These strings are not the answer of a top-labels node.', { cause })
    }
  }
  throw new AppError('codec.payload-invalid', `Top labels are strings, found ${formatTensor(tensor)}.`)
}
