// What tests start instead of the sources: files that bundled-program.ts has made of them before the tests, else the sources.

import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Environment variable with their folder. */
export const BUNDLES = 'VIGIA_TEST_BUNDLES'

const folder = process.env[BUNDLES]
const made = (name: string, source: string): URL =>
  folder === undefined ? new URL(`../../${source}`, import.meta.url) : pathToFileURL(join(folder, name))

/** Worker threads. */
export const WORKER_URL = made('dist/worker.js', 'src/proxy/worker.ts')
/** The module of the command `run`. */
export const RUN_URL = made('dist/run.js', 'src/commands/run.ts')
export const HOST_PROGRAM = fileURLToPath(made('dist/host-program.js', 'test/support/host-program.ts'))
/** The program as it is called, by the sources' own launcher. */
export const PROGRAM = fileURLToPath(made('bin/vigia.js', 'bin/vigia.js'))
/** Of the program that runs the sources, in any case. */
export const SOURCE_PROGRAM = fileURLToPath(new URL('../../bin/vigia.js', import.meta.url))
