import { expect, test } from 'vitest'
import { summarizeTests } from './testSummary.ts'

const passed = { fullName: 'adds', status: 'passed' }
const failed = { fullName: 'divides', status: 'failed' }

test('counts tests by status and names those left out', () => {
  const report = {
    testResults: [
      { name: 'a.test.ts', status: 'failed', assertionResults: [passed, failed] },
      { name: 'b.test.ts', status: 'passed', assertionResults: [passed, { fullName: 'waits', status: 'skipped' }] },
    ],
  }
  expect(summarizeTests(report)).toEqual({ passed: 2, failed: 1, leftOut: ['b.test.ts: waits'] })
})

test('a file that breaks before its first test counts as a failure', () => {
  const report = { testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [] }] }
  expect(summarizeTests(report)).toEqual({ passed: 0, failed: 1, leftOut: [] })
})
