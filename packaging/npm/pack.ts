// Before `npm pack`: makes dist/ of src/ and of the packages that it uses, with maps that hold the sources, for debuggers. Nothing has to be
// installed beside it. The man pages of the package are written here as well (dist/man), and the licences of what it holds.

import { cpSync, globSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { bundle, ENTRIES, ROOT, SOURCES } from '../bundle/bundle.ts'
import { licences } from '../licences.ts'
import { writeManPages } from '../man/write.ts'

const DIST = join(ROOT, 'dist')

rmSync(DIST, { recursive: true, force: true })
const modules = await bundle({ entries: ENTRIES, folder: DIST, addressOf, maps: true })
// What is read as it is, such as the demo's page.
for (const file of globSync('**/*.*', { cwd: SOURCES, exclude: ['**/*.ts', '**/*.md'] }))
  cpSync(join(SOURCES, file), join(DIST, file))
writeManPages(join(DIST, 'man'))
writeFileSync(join(DIST, 'LICENSES.txt'), licences(packagesOf(modules)))

/** Files that a source finds beside it lie in dist/ as they do in src/. */
function addressOf(file: string): string {
  return file.startsWith(SOURCES)
    ? `new URL(${JSON.stringify(`./${relative(SOURCES, file)}`)}, import.meta['url']).href`
    : `import.meta['url']`
}

/** Folders of the packages that modules are of. */
function packagesOf(modules: readonly string[]): string[] {
  const folders = modules.flatMap(file => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  return [...new Set(folders)].sort()
}
