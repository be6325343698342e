import { fake } from './testing/fakeSocket.ts'

export const real = fake
