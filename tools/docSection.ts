/**
 * `text` with the part between `<!-- name:start -->` and `<!-- name:end -->` replaced by `content`. Throws if the
 * markers are missing, so that a generated part cannot silently stop being written.
 */
export function replaceSection(text: string, name: string, content: string): string {
  const start = `<!-- ${name}:start -->`
  const end = `<!-- ${name}:end -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The document has no ${start} ... ${end}`)
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`
}
