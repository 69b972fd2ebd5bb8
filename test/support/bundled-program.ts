// Before all tests: puts the program and its threads into a few files, as a package would have them. A start loads a thousand modules
// otherwise, which costs more than all else that it does, and tests start vigia some hundred times.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, glob, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { BUNDLES } from './bundles.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'node_modules/.cache/bundles')
/** What begins in a process or thread of its own, by the name of its file. */
const ENTRIES: Record<string, string> = {
  main: join(ROOT, 'src/main.ts'),
  run: join(ROOT, 'src/commands/run.ts'),
  'host-program': join(ROOT, 'test/support/host-program.ts'),
  worker: join(ROOT, 'src/proxy/worker.ts'),
  'spool-thread': join(ROOT, 'src/proxy/spool/spool-thread.ts'),
  'store-thread': join(ROOT, 'src/store/thread/store-thread.ts'),
  'configuration-thread': join(ROOT, 'src/config/aside/thread.ts'),
}

/** Modules keep their own addresses, whatever file they come into; threads and processes are found beside it. */
const addresses: Plugin = {
  name: 'addresses',
  transform(code, id) {
    if (!code.includes('import.meta.url')) return
    const own = JSON.stringify(pathToFileURL(id).href)
    return code
      .replace(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (all, relative: string) => {
        const target = join(dirname(id), relative)
        const name = Object.keys(ENTRIES).find(each => ENTRIES[each] === target)
        return name === undefined ? all : `new URL('./${name}.js', import.meta['url'])`
      })
      .replaceAll('import.meta.url', own)
  },
}

export async function setup(): Promise<void> {
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
    glob(['src/**', 'bin/*', 'test/support/{host,bundle}*.ts', 'package-lock.json'], {
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

/** At once for others: tests may run twice at the same time. */
async function make(folder: string): Promise<void> {
  const made = `${folder}.${process.pid}`
  await mkdir(made, { recursive: true })
  await bundle(['worker'], made, false)
  await bundle(
    Object.keys(ENTRIES).filter(name => name !== 'worker'),
    made,
    true,
  )
  await writeFile(join(made, 'dist/package.json'), '{ "type": "module" }')
  await cp(join(ROOT, 'bin'), join(made, 'bin'), { recursive: true })
  await rename(made, folder).catch(() => rm(made, { recursive: true }))
}

async function bundle(names: readonly string[], folder: string, codeSplitting: boolean): Promise<void> {
  const input = Object.fromEntries(names.map(name => [name, ENTRIES[name]!]))
  const build = await rolldown({ input, platform: 'node', external: /^node:/, plugins: [addresses] })
  await build.write({ format: 'esm', dir: join(folder, 'dist'), codeSplitting })
  await build.close()
}
