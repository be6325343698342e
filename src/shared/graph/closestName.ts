/** The name that a user may have meant: at most a third of its letters away from `name`, or undefined. */
export function closestName(name: string, names: readonly string[]): string | undefined {
  let closest: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const each of names) {
    const limit = Math.floor(each.length / 3)
    if (Math.abs(each.length - name.length) > limit) continue
    const distance = editDistance(name, each)
    if (distance <= limit && distance < least) {
      closest = each
      least = distance
    }
  }
  return closest
}

/** Levenshtein distance: letters to insert, delete or replace (Wagner and Fischer 1974, one row at a time). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
