/** "512 B", "4.7 KB", "3.6 MB": powers of 1024, three digits at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** "0.42 ms", "13.1 ms", "1.25 s". */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return `${ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`
}

/** "97.7 %" of a share from 0 to 1. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Columns aligned by spaces: numbers to the right, words to the left. Rows may be shorter than the header. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const rightAligned = header.map((_, column) => rows.every((row) => /^(-?[\d.,]+( \S+)?|-?)$/.test(row[column] ?? '')))
  return all.map((row) =>
    header
      .map((_, column) => {
        const cell = row[column] ?? ''
        return rightAligned[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
      })
      .join('  ')
      .trimEnd(),
  )
}
