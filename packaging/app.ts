// The program as it is installed anywhere but by npm: what `npm pack` packs, the runtime, and the licences of both.

import { execFileSync } from 'node:child_process'
import { appendFileSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..')

/** Runs a program; what it says goes to standard error. */
export function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2] })
}

/** @param folder not there yet; afterwards it has bin/, dist/, LICENSES.txt, runtime/node ... @param withRuntime false = a Node.js of the system runs it */
export function stageApp(folder: string, withRuntime = true): void {
  const licence = withRuntime ? licenceOfNode() : undefined
  const work = mkdtempSync(join(tmpdir(), 'vigia-app-'))
  try {
    run('npm', ['pack', '--silent', '--pack-destination', work], ROOT)
    run('tar', ['-xf', globSync('*.tgz', { cwd: work })[0]!], work)
    const app = join(work, 'package')
    renameSync(join(app, 'dist/LICENSES.txt'), join(app, 'LICENSES.txt'))
    // Nothing in it is started but the runtime.
    run('find', ['.', '-type', 'f', '-exec', 'chmod', '644', '{}', '+'], app)
    run('find', ['.', '-type', 'd', '-exec', 'chmod', '755', '{}', '+'], app)
    if (licence !== undefined) addRuntime(app, licence)
    run('mv', [app, folder], work)
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** The Node.js that the project's scripts run on, for this kind of machine. */
function addRuntime(app: string, licence: string): void {
  const runtime = join(app, 'runtime')
  run('install', ['-D', '-m', '755', process.execPath, join(runtime, 'node')], ROOT)
  // Its symbols are a fifth of it.
  run('strip', ['--strip-unneeded', join(runtime, 'node')], ROOT)
  const rule = '-'.repeat(78)
  appendFileSync(
    join(app, 'LICENSES.txt'),
    `\n${rule}\nNode.js, as runtime/node\n${rule}\n${readFileSync(licence, 'utf8').trim()}\n`,
  )
}

/** The file that Node.js comes with. Ends the process where it is not there: `npm install` of another package takes it away. */
function licenceOfNode(): string {
  const [file] = globSync('node_modules/node/node_modules/node-{linux,darwin}-*/LICENSE', { cwd: ROOT })
  if (file !== undefined) return join(ROOT, file)
  console.error('packaging: the licence of Node.js is missing below node_modules/node: npm rebuild node')
  process.exit(1)
}

export function versionOf(app: string): string {
  return JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).version
}
