import { createSession } from '../session/session.ts'

export const serve = createSession
