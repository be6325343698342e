import { Command } from 'commander'
import { openFile } from '../../runtime/adapters/node/files.ts'

export const command = [Command, openFile]
