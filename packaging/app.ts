// The program as it is installed anywhere but by npm: what `npm pack` packs, its dependencies exactly as package-lock.json has them, the
// runtime, and the licences of all that. Needs npm's registry, and nothing else from outside.

import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { licences } from './licences.ts'

export const ROOT = resolve(import.meta.dirname, '..')

/** For those who write the packages: compilers, debuggers, settings of tools. vigia reads none of it. */
const UNUSED = ['**/*.d.ts', '**/*.d.cts', '**/*.d.mts', '**/*.map', '**/*.ts', '**/*.sh', '**/*.html', '**/.*']

/** Runs a program; what it says goes to standard error. */
export function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2] })
}

/** @param folder not there yet; afterwards it has bin/, dist/, node_modules/, runtime/node ... @param withRuntime false = a Node.js of the system runs it */
export function stageApp(folder: string, withRuntime = true): void {
  const work = mkdtempSync(join(tmpdir(), 'vigia-app-'))
  try {
    run('npm', ['pack', '--silent', '--pack-destination', work], ROOT)
    run('tar', ['-xf', globSync('*.tgz', { cwd: work })[0]!], work)
    const app = join(work, 'package')
    copyFileSync(join(ROOT, 'package-lock.json'), join(app, 'package-lock.json'))
    run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], app)
    rmSync(join(app, 'package-lock.json'))
    for (const file of globSync(UNUSED, { cwd: join(app, 'node_modules') }))
      rmSync(join(app, 'node_modules', file), { recursive: true, force: true })
    // Nothing in it is started but the runtime.
    run('find', ['.', '-type', 'f', '-exec', 'chmod', '644', '{}', '+'], app)
    run('find', ['.', '-type', 'd', '-exec', 'chmod', '755', '{}', '+'], app)
    if (withRuntime) addRuntime(app)
    writeFileSync(join(app, 'LICENSES.txt'), licences(app))
    run('mv', [app, folder], work)
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** The Node.js that the project's scripts run on, for this kind of machine. */
function addRuntime(app: string): void {
  const packages = join(ROOT, 'node_modules/node/node_modules')
  const [name] = globSync('node-{linux,darwin}-*', { cwd: packages })
  const runtime = join(app, 'runtime')
  run('install', ['-D', '-m', '755', process.execPath, join(runtime, 'node')], ROOT)
  // Its symbols are a fifth of it.
  run('strip', ['--strip-unneeded', join(runtime, 'node')], ROOT)
  copyFileSync(join(packages, name!, 'LICENSE'), join(runtime, 'LICENSE'))
}

export function versionOf(app: string): string {
  return JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).version
}
