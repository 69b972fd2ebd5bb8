// Before all tests: puts the program and its threads into a few files, as a package would have them. A start loads a thousand modules
// otherwise, which costs more than all else that it does, and tests start vigia some hundred times.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, glob, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle, ENTRIES, ROOT, SOURCES } from '../../packaging/bundle/bundle.ts'
import { BUNDLES } from './bundles.ts'

const FOLDER = join(ROOT, 'node_modules/.cache/bundles')
/** As in vitest.config.ts. */
const COMPILED = join(ROOT, 'node_modules/.cache/compiled')
const MOST_COMPILED = 10_000
/** Of tests, beside those of the program. */
const OWN_ENTRIES = {
  run: join(SOURCES, 'commands/run.ts'),
  'host-program': join(ROOT, 'test/support/host-program.ts'),
}

export async function setup(): Promise<void> {
  await boundCompiled()
  // The same sources have the same folder: what was made and compiled for the last tests is used again.
  const folder = join(FOLDER, await digest())
  if (!existsSync(folder)) {
    await forgetOld()
    await make(folder)
  }
  process.env[BUNDLES] = folder
}

async function digest(): Promise<string> {
  const hash = createHash('sha256')
  const files = await Array.fromAsync(
    glob(['src/**', 'bin/*', 'packaging/bundle/*', 'test/support/{host,bundle}*.ts', 'package-lock.json'], {
      cwd: ROOT,
      withFileTypes: true,
    }),
  )
  for (const file of files
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .sort())
    hash.update(file).update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}

/** Of sources that are a day old. */
async function forgetOld(): Promise<void> {
  for (const name of await readdir(FOLDER).catch(() => [])) {
    const made = await stat(join(FOLDER, name)).catch(() => undefined)
    if (made && made.mtimeMs < Date.now() - 86_400_000) await rm(join(FOLDER, name), { recursive: true, force: true })
  }
}

/** Each run leaves what it has compiled of each test file, which vitest names anew each time: once there is a lot, all begins again. */
async function boundCompiled(): Promise<void> {
  const files = await readdir(COMPILED, { recursive: true }).catch(() => [])
  if (files.length > MOST_COMPILED) await rm(COMPILED, { recursive: true, force: true })
}

/** At once for others: tests may run twice at the same time. */
async function make(folder: string): Promise<void> {
  const made = `${folder}.${process.pid}`
  await mkdir(made, { recursive: true })
  const files = join(made, 'dist')
  const { worker, ...others } = ENTRIES
  // In one file: each start of a thread loads it.
  await bundle({ entries: { worker: worker! }, folder: files, addressOf, splits: false })
  await bundle({ entries: { ...others, ...OWN_ENTRIES }, folder: files, addressOf })
  await writeFile(join(files, 'package.json'), '{ "type": "module" }')
  await cp(join(ROOT, 'bin'), join(made, 'bin'), { recursive: true })
  await rename(made, folder).catch(() => rm(made, { recursive: true }))
}

/** Sources find what lies beside them where it is. */
function addressOf(file: string): string {
  return JSON.stringify(pathToFileURL(file).href)
}
