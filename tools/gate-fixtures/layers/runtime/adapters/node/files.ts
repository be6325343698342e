import { openSync } from 'node:fs'

export const openFile = openSync
