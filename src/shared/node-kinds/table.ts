import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { numericTypes } from '../tensor/dataType.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { TensorSpec } from '../tensor/tensorSpec.ts'
import { elementCountOf, formatSpec } from '../tensor/tensorSpec.ts'
import { fileName } from './fileName.ts'
import { defineNodeKind, refuseInput } from './nodeKind.ts'
import { sinkStream } from './sinkStream.ts'
import { formatTensor, takeInput } from './takeInput.ts'
import { parseTopLabels } from './topLabels.ts'

const maxColumns = 64

/** One row a frame: number, source, and the labels or values. */
export const table = defineNodeKind({
  id: 'table',
  version: 1,
  label: 'Table',
  group: 'Sinks',
  summary: 'Writes labels or a few values of each frame as a row of a CSV file.',
  role: 'sink',
  params: z.strictObject({
    file: fileName.default('results.csv').describe("Name of the file in the device's output folder."),
  }),
  inputs: { value: { label: 'Value', accepts: [...numericTypes, 'string'] } },
  outputs: {},
  inferOutputs: (_params, { value }) => {
    const count = value === undefined ? undefined : elementCountOf(value.shape)
    if (value === undefined || count === undefined || count <= maxColumns) return {}
    const message = `A table takes at most ${maxColumns} values a frame, found ${formatSpec(value)}. Use a recorder for whole tensors.`
    return refuseInput('value', message)
  },
  stream: (frames, { file }, { outputFiles, inputSpecs }) =>
    sinkStream(async () => {
      const output = await outputFiles.open(file)
      const encoder = new TextEncoder()
      try {
        let columns: readonly string[] | undefined
        for await (const { seq, source, inputs } of frames) {
          const cells = cellsOf(takeInput(inputs, 'value'), inputSpecs.value)
          const header = columns === undefined ? `${formatRow(['seq', 'source', ...cells.map(([name]) => name)])}` : ''
          columns ??= cells.map(([name]) => name)
          const row = formatRow([String(seq), source ?? '', ...cells.map(([, cell]) => cell)])
          await output.append(encoder.encode(header + row))
        }
      } finally {
        await output.close()
      }
    }),
})

type Cell = readonly [column: string, text: string]

function cellsOf(tensor: Tensor, spec: TensorSpec | undefined): readonly Cell[] {
  if (spec?.encoding?.codec === 'top-labels') {
    return parseTopLabels(tensor).flatMap(({ index, label, score }, place): Cell[] => [
      [`index_${place + 1}`, String(index)],
      [`label_${place + 1}`, label],
      [`score_${place + 1}`, String(score)],
    ])
  }
  if (tensor.data.length > maxColumns) {
    const message = `A table takes at most ${maxColumns} values a frame, found ${formatTensor(tensor)}.`
    throw new AppError('tensor.too-large', message)
  }
  const values = Array.from<string | number | bigint>(tensor.data)
  return values.map((value, index): Cell => [values.length === 1 ? 'value' : `value_${index + 1}`, String(value)])
}

/** A record of RFC 4180: cells with a comma, quote or line break are quoted, quotes doubled, CRLF at the end. */
export function formatRow(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
  return `${quoted.join(',')}\r\n`
}
