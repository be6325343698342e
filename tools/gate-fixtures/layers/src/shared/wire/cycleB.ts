import { a } from './cycleA.ts'

export const b = () => a
