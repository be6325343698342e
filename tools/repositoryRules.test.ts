import { expect, test } from 'vitest'
import { largeFiles, lockfileAddresses, maxTrackedFileBytes } from './repositoryRules.ts'

test('a tracked file may have exactly the limit and not one byte more', () => {
  const files = [
    { path: 'fits.onnx', bytes: maxTrackedFileBytes },
    { path: 'large.onnx', bytes: maxTrackedFileBytes + 1 },
  ]
  expect(largeFiles(files)).toEqual(['large.onnx has 10485761 bytes; tracked files stay below 10485760'])
})

test('a lockfile entry with a download address is named', () => {
  const lockfile = {
    packages: {
      '': { name: 'colliflow' },
      'node_modules/clean': { version: '1.0.0', integrity: 'sha512-x' },
      'node_modules/pinned': { version: '1.0.0', resolved: 'https://registry.example/pinned-1.0.0.tgz' },
    },
  }
  const faults = lockfileAddresses(JSON.stringify(lockfile))
  expect(faults).toHaveLength(1)
  expect(faults[0]).toContain('node_modules/pinned')
})
