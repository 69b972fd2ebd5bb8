// Enforces the shape of src/: which folder may import which, who owns which package, and that policy/, http1/ and websocket/ stay pure.

import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/** Arrows point down this list only; folders on one line don't import each other, except where ALSO says so. */
const LAYERS: readonly (readonly string[])[] = [
  ['main'],
  ['commands', 'demo'],
  ['control'],
  ['admin'],
  ['proxy'],
  ['store'],
  ['metrics'],
  ['config'],
  ['shared'],
  ['http1', 'websocket'],
  ['policy'],
  ['logging'],
]
const ALSO: readonly string[] = ['commands -> demo']
const NEVER: readonly string[] = ['control -> proxy', 'proxy -> control']
/** Folders that may import only these, whatever lies below them. */
const ONLY: Readonly<Record<string, readonly string[]>> = { demo: ['logging'] }
/** Folders that may import only types, and only from these. */
const ONLY_TYPES: Readonly<Record<string, readonly string[]>> = { store: ['shared', 'policy'] }
/** Folders that only these may import: the data plane never waits for a disk, and control decides what admin sees of it. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = { store: ['control', 'commands'] }
/** The compiled configuration is the contract between all threads: its types may be imported from everywhere. */
const CONTRACT = 'config/snapshot.ts'
const PURE = ['policy', 'http1', 'websocket']
/** The one file outside src/ that one file may import: the version stands there. */
const MANIFEST = { from: 'commands/version.ts', to: '../package.json' }

/** Which folder or file may import a package, types apart. One that isn't listed here has no owner yet: add it with a reason. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  ajv: ['config'],
  commander: ['main'],
  '@fastify/swagger': ['admin'],
  fastify: ['admin'],
  pino: ['logging'],
  'pino-pretty': ['logging'],
  'prom-client': ['metrics'],
  // Computation only, no clock: the one package that a pure folder uses, in the one file that hides it.
  'rrule-temporal': ['policy/maintenance/recurrence.ts'],
  typebox: ['config'],
  undici: ['control'],
  ws: ['demo'],
  yaml: ['config'],
  'node:net': ['proxy', 'control', 'demo'],
  'node:tls': ['proxy', 'control'],
  'node:sqlite': ['store'],
}

/** What node:net offers without a socket: free for all but the pure folders. */
const ADDRESS_TOOLS = ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']

const MOST_LINES = 400
/** What reads a clock, a timer, randomness or the process. A property of that name (`.performance`) is none. */
const IMPURE =
  /(?<![.\w$])(?:Date\.now|new Date\(\s*\)|Temporal\.Now|performance|Math\.random|crypto|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|globalThis|console\.)/g

interface Import {
  readonly specifier: string
  /** What stands in the braces; empty where there are none. */
  readonly names: readonly string[]
  readonly typeOnly: boolean
  readonly line: number
}

interface SourceFile {
  /** Relative to src/, with slashes. */
  readonly path: string
  readonly folder: string
  readonly text: string
  /** `text` with comments blanked out. */
  readonly code: string
  readonly imports: readonly Import[]
}

function sourceFiles(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => path.endsWith('.ts'))
    .sort()
    .map(path => sourceFile(path, readFileSync(join(SRC, path), 'utf8')))
}

function sourceFile(path: string, text: string): SourceFile {
  const code = withoutComments(text)
  return { path, folder: folderOf(path), text, code, imports: importsOf(code) }
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '')
}

/** Blanks comments, keeping line breaks so that line numbers stay true. `://` starts none: that is a URL in a string. */
function withoutComments(text: string): string {
  return text
    .replace(/(^|[\s;{}(,])\/\*[\s\S]*?\*\//g, comment => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:\\/'"`])\/\/.*$/gm, '$1')
}

function importsOf(code: string): Import[] {
  const found: Import[] = []
  const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:([\w*${}\s,]+?)\s+from\s*)?['"]([^'"]+)['"]/gm
  for (const match of code.matchAll(statement)) {
    const [, type, clause = '', specifier] = match
    const names = clause.startsWith('{') ? clause.split(/[{},]/).map(name => name.trim().split(/\s+as\s+/)[0]!) : []
    found.push({
      specifier: specifier!,
      names: names.filter(name => name !== ''),
      typeOnly: type !== undefined,
      line: lineAt(code, match.index),
    })
  }
  for (const match of code.matchAll(/\bimport\s*\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ specifier: match[1]!, names: [], typeOnly: false, line: lineAt(code, match.index) })
  }
  return found
}

function lineAt(code: string, index: number): number {
  return code.slice(0, index).split('\n').length
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.')

/** Path below src/ that a relative import means. */
function destination(from: SourceFile, specifier: string): string {
  return relative(SRC, resolve(SRC, dirname(from.path), specifier)).replaceAll('\\', '/')
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const rank = (folder: string): number => LAYERS.findIndex(layer => layer.includes(folder))

function arrowProblem(file: SourceFile, item: Import): string | undefined {
  const to = destination(file, item.specifier)
  const folder = folderOf(to)
  const arrow = `${file.folder} -> ${folder}`
  const where = `src/${file.path}:${item.line} imports ${to}`
  if (file.path === MANIFEST.from && to === MANIFEST.to) return undefined
  if (to.startsWith('..')) return `${where}: outside src/`
  if (folder === file.folder) return undefined
  if (to === CONTRACT && item.typeOnly) return undefined
  if (rank(folder) === -1) return `${where}: no layer is called ${folder}; add it to LAYERS`
  if (NEVER.includes(arrow)) return `${where}: ${arrow} is forbidden; use shared/ or a message`
  if (PURE.includes(file.folder) && !item.typeOnly)
    return `${where}: ${file.folder}/ imports only types; pass a value as an argument`
  const only = ONLY[file.folder]
  if (only !== undefined && !only.includes(folder))
    return `${where}: ${file.folder}/ may import only ${only.join(', ')}`
  const types = ONLY_TYPES[file.folder]
  if (types !== undefined && !(item.typeOnly && types.includes(folder)))
    return `${where}: ${file.folder}/ may import only types, of ${types.join(', ')}`
  const importers = ONLY_FOR[folder]
  if (importers !== undefined && !importers.includes(file.folder))
    return `${where}: only ${importers.join(' and ')} may import ${folder}/`
  if (rank(folder) > rank(file.folder) || ALSO.includes(arrow)) return undefined
  return `${where}: arrows point down only (${LAYERS.map(layer => layer.join('+')).join(' > ')}); move what both need further down`
}

function packageProblem(file: SourceFile, item: Import): string | undefined {
  const where = `src/${file.path}:${item.line} imports ${item.specifier}`
  if (OWNERS[packageName(item.specifier)]?.includes(file.path)) return undefined
  if (PURE.includes(file.folder)) return `${where}: ${file.folder}/ uses neither node:* nor packages`
  if (!item.specifier.startsWith('node:') && builtinModules.includes(item.specifier)) {
    return `${where}: write node:${item.specifier}`
  }
  if (item.typeOnly) return undefined
  if (
    item.specifier === 'node:net' &&
    item.names.length > 0 &&
    item.names.every(name => ADDRESS_TOOLS.includes(name))
  ) {
    return undefined
  }
  const name = packageName(item.specifier)
  const owners = OWNERS[name]
  if (owners === undefined) {
    return name.startsWith('node:') ? undefined : `${where}: nobody owns ${name}; add it to OWNERS with a reason`
  }
  return owners.includes(file.folder) ? undefined : `${where}: only ${owners.join(', ')} may`
}

const present = (value: string | undefined): value is string => value !== undefined
const files = sourceFiles()

describe('the shape of src/', () => {
  test('imports follow the dependency arrows', () => {
    const problems = files.flatMap(file =>
      file.imports
        .filter(item => isRelative(item.specifier))
        .map(item => arrowProblem(file, item))
        .filter(present),
    )
    expect(problems).toEqual([])
  })

  test('every package has its owner, and only the owner imports it', () => {
    const problems = files.flatMap(file =>
      file.imports
        .filter(item => !isRelative(item.specifier))
        .map(item => packageProblem(file, item))
        .filter(present),
    )
    expect(problems).toEqual([])
  })

  test('policy/, http1/ and websocket/ read no clock, timer, randomness or process', () => {
    const problems = files
      .filter(file => PURE.includes(file.folder))
      .flatMap(file =>
        [...file.code.matchAll(IMPURE)].map(
          match => `src/${file.path}:${lineAt(file.code, match.index)} uses ${match[0]}: make it an argument`,
        ),
      )
    expect(problems).toEqual([])
  })

  test('nothing is exported as default', () => {
    const problems = files
      .filter(file => /^\s*export\s+default\b|\bas\s+default\s*[,}]/m.test(file.code))
      .map(file => `src/${file.path} has a default export: give it a name`)
    expect(problems).toEqual([])
  })

  test(`no file is longer than ${MOST_LINES} lines`, () => {
    const problems = files
      .map(file => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ path, lines }) => `src/${path} has ${lines} lines: split it by concept`)
    expect(problems).toEqual([])
  })

  test('every file begins with a comment that says what it does', () => {
    const problems = files
      .filter(file => !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(file.text))
      .map(file => `src/${file.path}: its first line must say what the file does`)
    expect(problems).toEqual([])
  })
})

describe('the checks themselves', () => {
  const parse = (path: string, text: string): SourceFile => sourceFile(path, text)
  const problemsOf = (path: string, text: string): string[] => {
    const file = parse(path, text)
    return file.imports
      .map(item => (isRelative(item.specifier) ? arrowProblem(file, item) : packageProblem(file, item)))
      .filter(present)
  }

  test('find static, multi-line, side-effect, re-exporting and dynamic imports, but none in comments', () => {
    const text = [
      "import a from 'one'",
      "import {\n  b,\n  type C,\n} from 'two'",
      "import 'three'",
      "export { d } from 'four'",
      "export * as e from 'five'",
      "const f = await import('six')",
      "import type { G } from 'seven'",
      "// import h from 'eight'",
      "/* import i from 'nine' */",
      'const text = "import j from \'ten\'"',
    ].join('\n')
    const found = parse('policy/x.ts', text).imports
    expect(found.map(item => item.specifier).sort()).toEqual(['five', 'four', 'one', 'seven', 'six', 'three', 'two'])
    expect(found.filter(item => item.typeOnly).map(item => item.specifier)).toEqual(['seven'])
    expect(found.find(item => item.specifier === 'three')?.line).toBe(6)
  })

  test.each([
    ['policy/x.ts', "import type { Snapshot } from '../config/snapshot.ts'"],
    ['policy/balance/x.ts', "import { pick } from './y.ts'"],
    ['control/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'"],
    ['commands/demo.ts', "import { DemoFleet } from '../demo/fleet.ts'"],
    ['logging/x.ts', "import pino from 'pino'"],
    ['control/x.ts', "import type { FastifyInstance } from 'fastify'"],
    ['config/x.ts', "import { isIP, BlockList } from 'node:net'"],
    ['commands/version.ts', "import manifest from '../../package.json' with { type: 'json' }"],
    ['policy/maintenance/recurrence.ts', "import { RRuleTemporal } from 'rrule-temporal'"],
    ['store/x.ts', "import type { InDoubtRecord } from '../shared/messages.ts'"],
    ['control/x.ts', "import { openStore } from '../store/store.ts'"],
    ['store/x.ts', "import { DatabaseSync } from 'node:sqlite'"],
  ])('let %s say %s', (path, text) => {
    expect(problemsOf(path, text)).toEqual([])
  })

  test.each([
    ['policy/x.ts', "import { readFileSync } from 'node:fs'", 'neither node:* nor packages'],
    ['policy/maintenance/x.ts', "import { RRuleTemporal } from 'rrule-temporal'", 'neither node:* nor packages'],
    ['control/x.ts', "import { RRuleTemporal } from 'rrule-temporal'", 'only policy/maintenance/recurrence.ts may'],
    ['policy/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'", 'only types'],
    ['policy/x.ts', "import { emptySnapshot } from '../config/snapshot.ts'", 'only types'],
    ['proxy/x.ts', "import { registry } from '../control/registry.ts'", 'forbidden'],
    ['control/x.ts', "import { serve } from '../proxy/worker.ts'", 'forbidden'],
    ['shared/x.ts', "import { load } from '../config/load.ts'", 'down only'],
    ['demo/x.ts', "import { load } from '../config/load.ts'", 'only logging'],
    ['proxy/x.ts', "import { request } from 'undici'", 'only control may'],
    ['proxy/x.ts', "import chalk from 'chalk'", 'nobody owns'],
    ['config/x.ts', "import { isIP, createServer } from 'node:net'", 'only proxy'],
    ['store/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'", 'only types'],
    ['store/x.ts', "import type { Logger } from '../logging/logger.ts'", 'only types, of shared'],
    ['admin/x.ts', "import type { Store } from '../store/contract.ts'", 'only control and commands'],
    ['proxy/x.ts', "import { openStore } from '../store/store.ts'", 'only control and commands'],
    ['control/x.ts', "import { DatabaseSync } from 'node:sqlite'", 'only store may'],
    ['config/x.ts', "import manifest from '../../package.json' with { type: 'json' }", 'outside src'],
    ['proxy/x.ts', "import net from 'net'", 'write node:net'],
    ['admin/x.ts', "import x from '../../bench/run.ts'", 'outside src'],
  ])('stop %s from saying %s', (path, text, reason) => {
    expect(problemsOf(path, text).join('\n')).toContain(reason)
  })

  test.each([
    ['const now = Date.now()', 1],
    ['setTimeout(f, 1) // Math.random()', 1],
    ['const { nowMs } = options; state.performance = 1', 0],
    ['// performance.now() would be a clock', 0],
  ])('count in `%s` %i impure uses', (text, count) => {
    expect([...withoutComments(text).matchAll(IMPURE)].length).toBe(count)
  })
})
