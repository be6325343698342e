// Writes docs/node-kinds.md from the list of node kinds: npm run docs:kinds.
import { writeFileSync } from 'node:fs'
import { kindDocsToMarkdown } from './kindDocs.ts'

writeFileSync(new URL('../docs/node-kinds.md', import.meta.url), kindDocsToMarkdown())
