import { kind } from '../node-kinds/kind.ts'

export const graph = kind
