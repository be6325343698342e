import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, messageOf } from '../../src/shared/errors/appError.ts'

export interface DeviceArguments {
  readonly role: 'edge' | 'cloud'
  readonly host: string
  readonly port: number
  readonly name?: string
  readonly dataDir?: string
  readonly outputDir?: string
  readonly exitWithParent: boolean
}

/** Arguments of a device process. Fails, thrown, with `usage.invalid`. */
export function parseDeviceArguments(args: readonly string[]): DeviceArguments {
  const values = parse(args)
  const { role = 'cloud', host = '127.0.0.1', port = '5678', name } = values
  if (role !== 'edge' && role !== 'cloud') throw usage(`--role ${role}: expected edge or cloud.`)
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw usage(`--port ${port}: expected a number from 0 to 65535.`)
  return {
    role,
    host,
    port: Number(port),
    ...(name !== undefined && { name }),
    ...(values['data-dir'] !== undefined && { dataDir: resolve(values['data-dir']) }),
    ...(values['output-dir'] !== undefined && { outputDir: resolve(values['output-dir']) }),
    exitWithParent: values['exit-with-parent'] ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      args: [...args],
      options: {
        role: text,
        host: text,
        port: text,
        name: text,
        'data-dir': text,
        'output-dir': text,
        'exit-with-parent': { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw usage(messageOf(error))
  }
}

function usage(message: string): AppError {
  return new AppError('usage.invalid', message)
}
