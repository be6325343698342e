import { openFile } from '../adapters/node/files.ts'

export const open = openFile
