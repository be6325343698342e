import { code } from '../errors/code.ts'

export const kind = code
