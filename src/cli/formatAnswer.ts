import { labelsOf } from '../shared/node-kinds/topLabels.ts'
import type { Tensor } from '../shared/tensor/tensor.ts'
import { formatShare } from './format.ts'

const shownValues = 4

/** An answer in one line: labels with their scores, or the first values of a tensor. */
export function formatAnswer(tensor: Tensor): string {
  const labels = labelsOf(tensor)
  if (labels !== undefined) {
    return labels.map(({ label, score }) => `${label} ${formatShare(score)}`).join('   ')
  }
  const values = [...tensor.data.slice(0, shownValues)].map((value: number | bigint | string) =>
    typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : String(value),
  )
  const more = tensor.data.length > shownValues ? ', ...' : ''
  return `${tensor.dtype} [${tensor.shape.join(',')}]: ${values.join(', ')}${more}`
}
