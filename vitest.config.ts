import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // A process runs one file after the other: what they import is loaded once, and so is vigia (test/support/host.ts).
    isolate: false,
    // Most of the time is spent waiting for sockets, timers and processes: more files at once than cores.
    maxWorkers: 5,
    sequence: { sequencer: LongestFirst },
    // Node itself strips the types, as it does for the program; nobody compiles a second time.
    experimental: { viteModuleRunner: false },
    globalSetup: ['test/support/bundled-program.ts'],
    setupFiles: ['test/support/properties.ts'],
    // Tests start vigia some hundred times: its compiled sources are kept from one start to the next.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    // No test is measured by these: they end what is stuck, and must not end what has to wait for a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
