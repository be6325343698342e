import { readFileSync } from 'node:fs'

export const text: string = readFileSync('graph.json', 'utf8')
