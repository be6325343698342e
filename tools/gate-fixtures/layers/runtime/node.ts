import { openFile } from './adapters/node/files.ts'
import { createSession } from './session/session.ts'

export const device = [openFile, createSession]
