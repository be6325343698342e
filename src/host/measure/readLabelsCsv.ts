import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { readText } from '../documents/graphFile.ts'

/**
 * True classes by file name: a CSV with a header that has the columns `file` and `class_index` (0-based, without any
 * background class). Fails with file.* or usage.invalid and the line.
 */
export async function readLabelsCsv(path: string): Promise<ReadonlyMap<string, number>> {
  const [header, ...lines] = unwrap(await readText(path)).split(/\r?\n/)
  const columns = (header ?? '').split(',').map((name) => name.trim())
  const file = columns.indexOf('file')
  const classIndex = columns.indexOf('class_index')
  if (file < 0 || classIndex < 0) {
    const message = `${path}: expected a first line with the columns file and class_index, found "${header}".`
    throw new AppError('usage.invalid', message)
  }
  const labels = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const cells = line.split(',').map((cell) => cell.trim())
    const [name, text] = [cells[file], cells[classIndex]]
    if (name === undefined || text === undefined || !/^\d+$/.test(text)) {
      const message = `${path}, line ${index + 2}: expected a file name and a class index, found "${line}".`
      throw new AppError('usage.invalid', message)
    }
    labels.set(name, Number(text))
  }
  return labels
}
