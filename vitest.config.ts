import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**', '**/dist/**', 'tools/gate-fixtures/**']

// Unit tests stand beside their sources; test/ holds what runs several processes or the built package.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'runtime/**/*.test.ts', 'bench/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude,
          testTimeout: 60_000,
        },
      },
      { test: { name: 'integration', include: ['test/**/*.test.ts'], exclude, testTimeout: 120_000 } },
    ],
  },
})
