import { missing } from './missing.ts'

export const lost = missing
