import { z } from 'zod'

/** The part of Vitest's JSON report that counts. */
const reportSchema = z.looseObject({
  testResults: z.array(
    z.looseObject({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.looseObject({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

export interface TestSummary {
  readonly passed: number
  /** Failed tests, and files that failed before their first test. */
  readonly failed: number
  /** Tests that were skipped, pending or to do, by name. */
  readonly leftOut: readonly string[]
}

export function summarizeTests(report: unknown): TestSummary {
  const files = reportSchema.parse(report).testResults
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })))
  const broken = files.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  )
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests.filter(({ status }) => status === 'failed').length + broken.length,
    leftOut: tests
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ file, fullName }) => `${file}: ${fullName}`),
  }
}
