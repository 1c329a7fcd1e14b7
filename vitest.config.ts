// Three projects by file name: pure tests, tests on a real PostgreSQL, and tests of the built daemon. The latter two
// share one server, which the global setup starts when the first of them is to run.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const pgTests = 'test/**/*.pg.test.ts'
const e2eTests = 'test/**/*.e2e.test.ts'
const globalSetup = 'test/support/global-setup.ts'
const setupFiles = ['test/support/environment.ts']

export default defineConfig({
  resolve: {
    alias: { 'notification-protocol': fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
  },
  test: {
    pool: 'forks',
    // What hangs is ended. No test is about time: a busy machine or a slow disk makes none of them fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    // No test changes what its module graph shares, and a process for each file took an eighth of the run's CPU.
    isolate: false,
    passWithNoTests: true,
    setupFiles,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [pgTests, e2eTests] },
      },
      {
        extends: true,
        test: { name: 'pg', include: [pgTests], globalSetup },
      },
      {
        extends: true,
        test: { name: 'e2e', include: [e2eTests], globalSetup },
      },
    ],
  },
})
