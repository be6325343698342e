import { device } from '../../runtime/node.ts'

export const embedded = device
