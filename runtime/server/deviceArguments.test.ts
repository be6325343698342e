import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseDeviceArguments } from './deviceArguments.ts'

test('without arguments a device is a cloud device on loopback, port 5678', () => {
  expect(parseDeviceArguments([])).toEqual({ role: 'cloud', host: '127.0.0.1', port: 5678, exitWithParent: false })
})

test('reads every argument and makes folders absolute', () => {
  const args = '--role edge --host 0.0.0.0 --port 0 --name phone --data-dir d --output-dir o --exit-with-parent'
  expect(parseDeviceArguments(args.split(' '))).toEqual({
    role: 'edge',
    host: '0.0.0.0',
    port: 0,
    name: 'phone',
    dataDir: resolve('d'),
    outputDir: resolve('o'),
    exitWithParent: true,
  })
})

test.each([['--role', 'fog'], ['--port', '70000'], ['--port', 'x'], ['--speed', '9'], ['stray']])(
  'refuses %s %s as usage.invalid',
  (...args) => {
    expect(() => parseDeviceArguments(args.filter((arg) => arg !== undefined))).toThrow(
      expect.objectContaining({ code: 'usage.invalid' }),
    )
  },
)
