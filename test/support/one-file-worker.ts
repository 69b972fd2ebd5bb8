// Before all tests: puts the data plane's worker into one file. A worker loads 140 modules, which costs more than all else that a start of
// vigia does, and tests start one some hundred times. The program itself (bin/vigia.js), in tests too, runs the sources.

import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { ONE_FILE_WORKER } from './worker-url.ts'

const WORKER = fileURLToPath(new URL('../../src/proxy/worker.ts', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/worker', import.meta.url))

export async function setup(): Promise<void> {
  const bundle = await rolldown({ input: WORKER, platform: 'node', external: /^node:/ })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  const { code } = output[0]
  // The same sources have the same name, so that what was compiled for the last tests is used again.
  const file = join(FOLDER, `${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`)
  await mkdir(FOLDER, { recursive: true })
  // At once for others: tests may run twice at the same time.
  await writeFile(`${file}.${process.pid}`, code)
  await rename(`${file}.${process.pid}`, file)
  process.env[ONE_FILE_WORKER] = file
}
