import { device } from '../../../runtime/node.ts'

export const outer = device
