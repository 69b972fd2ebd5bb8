// The program in a few files, with all packages that it uses: to find and load a thousand modules costs a start more than all else that it
// does. What is begun in a process or thread of its own is a file of its own; what is loaded by need stays so.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { readyCheck } from './ready-check.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const SOURCES = join(ROOT, 'src')

/** Of the program: names of files, and the sources that they begin with. */
export const ENTRIES: Readonly<Record<string, string>> = {
  main: join(SOURCES, 'main.ts'),
  worker: join(SOURCES, 'proxy/worker.ts'),
  'spool-thread': join(SOURCES, 'proxy/spool/spool-thread.ts'),
  'pass-descriptors': join(SOURCES, 'proxy/client/pass-descriptors.ts'),
  'store-thread': join(SOURCES, 'store/thread/store-thread.ts'),
  'held-thread': join(SOURCES, 'held/thread/held-thread.ts'),
  'configuration-thread': join(SOURCES, 'config/aside/thread.ts'),
  'erp-node': join(SOURCES, 'demo/erp-node.ts'),
}

/** Packages that are loaded by `load(name)` of `createRequire`, when they are needed. */
const BY_NEED: readonly string[] = ['re2js']

export interface Bundle {
  readonly entries: Readonly<Record<string, string>>
  /** Gets the files. */
  readonly folder: string
  /** JavaScript: the address of a source file, as `import.meta.url` says it there. @param file its path */
  readonly addressOf: (file: string) => string
  /** false: one entry, one file. */
  readonly splits?: boolean
  readonly maps?: boolean
}

/** @returns the files of all modules that came in */
export async function bundle({ entries, folder, addressOf, splits = true, maps = false }: Bundle): Promise<string[]> {
  const byNeed = splits ? Object.fromEntries(BY_NEED.map(name => [name, name])) : {}
  const build = await rolldown({
    input: { ...entries, ...byNeed },
    platform: 'node',
    external: /^node:/,
    cwd: ROOT,
    plugins: [readyCheck, addresses(entries, addressOf)],
    // The lines of what is rewritten stay.
    checks: { sourcemapBroken: false },
  })
  const { output } = await build.write({ format: 'esm', dir: folder, codeSplitting: splits, sourcemap: maps })
  await build.close()
  return output.flatMap(each => (each.type === 'chunk' ? each.moduleIds : []))
}

/** Modules keep their own addresses, whatever file they come into; what is begun or loaded by need is found beside that. */
function addresses(entries: Readonly<Record<string, string>>, addressOf: (file: string) => string): Plugin {
  return {
    name: 'addresses',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return
      return code
        .replace(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (all, relative: string) => {
          const target = join(dirname(id), relative)
          const name = Object.keys(entries).find(each => entries[each] === target)
          return name === undefined ? all : `new URL('./${name}.js', import.meta['url'])`
        })
        .replace(/(?<=const load = createRequire\()import\.meta\.url/, "import.meta['url']")
        .replace(/\bload\('([^'.]+)'\)/g, (all, name: string) =>
          BY_NEED.includes(name) ? `load('./${name}.js')` : all,
        )
        .replaceAll('import.meta.url', addressOf(id))
    },
  }
}
