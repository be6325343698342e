import { device } from '../../../runtime/node.ts'
import { fake } from './testing/fakeSocket.ts'

export const whole = [device, fake]
