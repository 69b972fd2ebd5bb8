// What the worker threads of the vigias in hosts run: the file that one-file-worker.ts has made before the tests, else the sources.

import { pathToFileURL } from 'node:url'

/** Environment variable with that file's path. */
export const ONE_FILE_WORKER = 'VIGIA_TEST_WORKER'

const file = process.env[ONE_FILE_WORKER]

export const WORKER_URL =
  file === undefined ? new URL('../../src/proxy/worker.ts', import.meta.url) : pathToFileURL(file)
