// Before `npm pack`: makes dist/ of src/. Node strips types as it loads a file, but not below node_modules, where a package lies.
// A type becomes blanks, so a line of dist/ is the line of src/, to the column. A map beside each file holds its source, for debuggers.
// The man pages of the package are written here as well (dist/man).

import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { writeManPages } from '../man/write.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SRC = join(ROOT, 'src')
const DIST = join(ROOT, 'dist')

/** What names another source file: imports, and the programs of threads and children. */
const NAMES_A_SOURCE = /(?<=\b(?:from |import |import\(|new URL\()'[^'\n]*)\.ts(?=')/g

function strip(): void {
  rmSync(DIST, { recursive: true, force: true })
  for (const file of globSync('**/*', { cwd: SRC, withFileTypes: true })) {
    const from = join(file.parentPath, file.name)
    if (!file.isFile() || file.name.endsWith('.md')) continue
    const to = join(DIST, from.slice(SRC.length))
    mkdirSync(dirname(to), { recursive: true })
    if (file.name.endsWith('.ts')) writeStripped(from, to.replace(/\.ts$/, '.js'))
    else cpSync(from, to)
  }
}

function writeStripped(from: string, to: string): void {
  const source = readFileSync(from, 'utf8')
  const code = stripTypeScriptTypes(source).replace(NAMES_A_SOURCE, '.js')
  const map = `${basename(to)}.map`
  writeFileSync(to, `${code}\n//# sourceMappingURL=${map}\n`)
  writeFileSync(join(dirname(to), map), JSON.stringify(lineByLine(from, source)))
}

/** A source map (ECMA-426) in which each line stands for the same line of the source. */
function lineByLine(from: string, source: string): object {
  const lines = source.split('\n').length
  return {
    version: 3,
    sources: [`vigia:///src${from.slice(SRC.length)}`],
    sourcesContent: [source],
    names: [],
    mappings: ['AAAA', ...Array<string>(lines - 1).fill('AACA')].join(';'),
  }
}

strip()
writeManPages(join(DIST, 'man'))
