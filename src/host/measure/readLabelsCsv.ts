import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { readText } from '../documents/graphFile.ts'

/**
 * True classes by file name: a CSV with a header that has the columns `file` and `class_index` (0-based, without any
 * background class). Cells may be quoted; names hold no commas. Fails with file.* and the line.
 */
export async function readLabelsCsv(path: string): Promise<ReadonlyMap<string, number>> {
  const text = unwrap(await readText(path)).replace(/^\uFEFF/, '')
  const [header = '', ...lines] = text.split(/\r?\n/)
  const columns = cellsOf(header)
  const file = columns.indexOf('file')
  const classIndex = columns.indexOf('class_index')
  if (file < 0 || classIndex < 0) {
    const message = `${path}: expected a first line with the columns file and class_index, found "${header}".`
    throw new AppError('file.unreadable', message)
  }
  const labels = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const cells = cellsOf(line)
    const [name, number] = [cells[file], cells[classIndex]]
    if (!name || number === undefined || !/^\d+$/.test(number)) {
      const message = `${path}, line ${index + 2}: expected a file name and a class index, found "${line}".`
      throw new AppError('file.unreadable', message)
    }
    labels.set(name, Number(number))
  }
  return labels
}

function cellsOf(line: string): readonly string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}
