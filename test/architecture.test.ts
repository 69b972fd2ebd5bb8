// Enforces the shape of src/: which folder may import which, who owns which package, and that policy/, http1/, http2/ and websocket/ stay pure.

import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/** Arrows point down this list only; rooms on one line don't import each other, except where ALSO says so. */
const FLOORS: readonly (readonly string[])[] = [
  ['main'],
  ['commands', 'demo'],
  ['control'],
  ['admin'],
  ['proxy'],
  ['held'],
  ['store'],
  ['metrics'],
  ['config'],
  ['shared'],
  ['http1', 'http2', 'proxy-protocol', 'websocket', 'tls'],
  ['policy'],
  ['http'],
  ['logging', 'plan', 'util'],
]
/** The same within a room; `.` is the files that lie loose in it. A folder that is not named may import nothing of its room, nor be imported. */
const INSIDE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  control: [
    ['.'],
    ['admin'],
    ['orders'],
    ['configuration'],
    ['report'],
    ['record'],
    ['windows', 'events', 'held'],
    ['upstreams', 'certificates'],
    ['workers', 'names'],
  ],
  admin: [['.'], ['routes'], ['access'], ['answers', 'contract']],
  proxy: [
    ['.'],
    ['client', 'explain'],
    ['exchange'],
    ['cache'],
    ['answers', 'tunnel', 'access-log'],
    ['spool', 'held'],
    ['pool'],
    ['upstream'],
    ['runtime'],
  ],
  policy: [['maintenance', 'upstream', 'request', 'balance', 'process', 'names', 'certificates', 'cache', 'hold']],
  shared: [['cache', 'held'], ['.'], ['explain']],
  config: [['aside', 'in-force'], ['shown'], ['read'], ['advice', '.'], ['parts'], ['forms']],
  // `main` is the side of the callers, `thread` that of the disk; what lies loose is what both say to each other and to control.
  store: [['main'], ['thread', 'backup'], ['file'], ['audit'], ['.']],
  // The same.
  held: [['main'], ['thread'], ['file'], ['.']],
  // What lies loose are the commands that ask no vigia that runs.
  commands: [['spelling'], ['doctor', 'init'], ['.'], ['live', 'store', 'convert'], ['logs'], ['words']],
}
/** All that rooms outside may import of a room, files or folders of it. A room that is not named shows everything. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  config: [
    'aside/aside.ts',
    'aside/jobs.ts',
    'in-force/explain.ts',
    'in-force/find.ts',
    'in-force/flow.ts',
    'read/grants.ts',
    'read/load.ts',
    'read/watch.ts',
    'read/inputs.ts',
    'read/regular-file.ts',
    'shown/diff.ts',
    'shown/format.ts',
    'shown/mask.ts',
    'shown/secrets.ts',
    'forms/pattern.ts',
    'forms/problem.ts',
    'forms/units.ts',
    // The admin API takes windows in the form of the file.
    'parts/maintenance',
  ],
  store: [
    'contract.ts',
    'store-error.ts',
    'tuning.ts',
    'main/store.ts',
    'backup',
    'audit/verify-audit.ts',
    // What `held` needs for a file of its own.
    'sqlite-fault.ts',
    'file/file-lock.ts',
    'file/file-names.ts',
  ],
  held: ['contract.ts', 'file/keyring.ts', 'held-error.ts', 'main/held-requests.ts'],
  commands: ['spelling/program.ts', 'words/exit-codes.ts'],
}
const ALSO: readonly string[] = [
  'commands -> demo',
  'control/events -> control/windows',
  'control/events -> control/held',
]
const NEVER: readonly string[] = ['control -> proxy', 'proxy -> control']
/** Rooms that may import only these, whatever lies below them. */
const ONLY: Readonly<Record<string, readonly string[]>> = { demo: ['logging'], plan: [], util: [] }
/** Rooms that may import only types, and only from these. */
const ONLY_TYPES: Readonly<Record<string, readonly string[]>> = { store: ['shared', 'policy', 'plan'] }
/** Rooms that only these may import: the data plane never waits for a disk, and control decides what admin sees of it. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  store: ['control/record', 'commands', 'held'],
  held: ['control', 'commands/doctor'],
}
const PURE = ['policy', 'http', 'http1', 'http2', 'proxy-protocol', 'websocket']
/** The one file outside src/ that one file may import: the version stands there. */
const MANIFEST = { from: 'commands/version.ts', to: '../package.json' }

/** Which folder or file may import a package, types apart. One that isn't listed here has no owner yet: add it with a reason. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  ajv: ['config', 'admin/routes/request-schemas.ts'],
  // Both are loaded with the first order of a certificate.
  '@peculiar/x509': ['control/certificates'],
  'acme-client': ['control/certificates'],
  commander: ['main'],
  // Computation only; the clock that it would read is replaced by the time that it is told.
  'http-cache-semantics': ['policy/cache/storage.ts'],
  '@fastify/swagger': ['admin'],
  fastify: ['admin'],
  // Only finds where everything in a plain document begins and ends: `yaml` explains what is wrong.
  'js-yaml': ['config/read/quick-document.ts'],
  pino: ['logging'],
  'pino-pretty': ['logging'],
  'prom-client': ['metrics'],
  // The type; the package itself is loaded with the first pattern.
  re2js: ['config/forms/pattern.ts'],
  // Computation only, no clock: the one package that a pure folder uses, in the one file that hides it.
  'rrule-temporal': ['policy/maintenance/recurrence.ts'],
  typebox: ['config'],
  ws: ['demo'],
  // Messages of where things stand in Traefik's TOML need a tree with places.
  'toml-eslint-parser': ['commands/convert/traefik/read.ts'],
  // convert and init write documents with comments; convert reads Traefik's.
  yaml: ['config', 'commands/convert', 'commands/init'],
  'node:net': ['proxy/client', 'proxy/upstream', 'control', 'demo'],
  // tls/ asks OpenSSL whether it takes a certificate, the command line says whom it trusts; neither opens a connection.
  'node:tls': ['proxy/client', 'proxy/upstream', 'control', 'tls', 'commands/live/client/admin-client.ts'],
  'node:sqlite': ['store', 'held'],
}

/** What node:net offers without a socket: free for all but the pure folders. */
const ADDRESS_TOOLS = ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']

/** Also of types: only these rooms see a socket. */
const SOCKET_PACKAGES = ['node:net', 'node:tls']

const MOST_LINES = 300
const MOST_LOOSE_FILES = 20
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
  /** The outermost folder, or the name of a file that lies loose in src/. */
  readonly room: string
  /** Room and the folder in it, e.g. `proxy/pool`; for a file that lies loose in its room, the room. */
  readonly place: string
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
  return { path, room: roomOf(path), place: placeOf(path), text, code, imports: importsOf(code) }
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '')
}

function placeOf(path: string): string {
  const [room, folder, file] = path.split('/')
  return file === undefined ? roomOf(path) : `${room}/${folder}`
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

const floorOf = (floors: readonly (readonly string[])[], name: string): number =>
  floors.findIndex(floor => floor.includes(name))

function arrowProblem(file: SourceFile, item: Import): string | undefined {
  const to = destination(file, item.specifier)
  const where = `src/${file.path}:${item.line} imports ${to}`
  if (file.path === MANIFEST.from && to === MANIFEST.to) return undefined
  if (to.startsWith('..')) return `${where}: outside src/`
  const room = roomOf(to)
  const place = placeOf(to)
  if (room === file.room) return insideProblem(file, place, where)
  const arrow = `${file.room} -> ${room}`
  if (floorOf(FLOORS, room) === -1) return `${where}: no floor has a room ${room}; add it to FLOORS`
  if (NEVER.includes(arrow)) return `${where}: ${arrow} is forbidden; use shared/ or a message`
  if (PURE.includes(file.room) && !item.typeOnly && !PURE.includes(room))
    return `${where}: ${file.room}/ imports only types; pass a value as an argument`
  const only = ONLY[file.room]
  if (only !== undefined && !only.includes(room))
    return `${where}: ${file.room}/ may import only ${only.join(', ') || 'nothing'}`
  const types = ONLY_TYPES[file.room]
  if (types !== undefined && !(item.typeOnly && types.includes(room)))
    return `${where}: ${file.room}/ may import only types, of ${types.join(', ')}`
  const importers = ONLY_FOR[room]
  if (importers !== undefined && !importers.includes(file.room) && !importers.includes(file.place))
    return `${where}: only ${importers.join(' and ')} may import ${room}/`
  if (floorOf(FLOORS, room) > floorOf(FLOORS, file.room) || ALSO.includes(arrow)) return hiddenProblem(room, to, where)
  return `${where}: arrows point down only (${FLOORS.map(floor => floor.join('+')).join(' > ')}); move what both need further down`
}

/** What a room keeps to itself. */
function hiddenProblem(room: string, to: string, where: string): string | undefined {
  const shown = SHOWN[room]
  const isShown = shown === undefined || shown.some(each => `${to}/`.startsWith(`${room}/${each}/`))
  return isShown ? undefined : `${where}: of ${room}/ others may import only ${shown.join(', ')}`
}

/** Within one room. */
function insideProblem(file: SourceFile, place: string, where: string): string | undefined {
  const floors = INSIDE[file.room]
  if (floors === undefined || file.place === place || ALSO.includes(`${file.place} -> ${place}`)) return undefined
  const floor = (each: string): number => floorOf(floors, each === file.room ? '.' : each.slice(file.room.length + 1))
  if (floor(file.place) === -1 || floor(place) === -1) return `${where}: INSIDE.${file.room} does not name one of them`
  if (floor(file.place) < floor(place)) return undefined
  return `${where}: within ${file.room}/ arrows point down only (${floors.map(each => each.join('+')).join(' > ')})`
}

/** Files that import each other in a circle, each circle once, types included (Tarjan's strongly connected components). */
function circles(all: readonly SourceFile[]): string[] {
  const arrows = new Map(
    all.map(file => [
      file.path,
      file.imports.filter(item => isRelative(item.specifier)).map(item => destination(file, item.specifier)),
    ]),
  )
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[] = []
  const visit = (path: string): void => {
    index.set(path, index.size)
    low.set(path, index.get(path)!)
    stack.push(path)
    for (const to of arrows.get(path) ?? []) {
      if (!arrows.has(to)) continue
      if (!index.has(to)) visit(to)
      if (stack.includes(to)) low.set(path, Math.min(low.get(path)!, low.get(to)!))
    }
    if (low.get(path) !== index.get(path)) return
    const circle = stack.splice(stack.indexOf(path))
    if (circle.length > 1) found.push(circle.sort().join(' <-> '))
  }
  for (const path of arrows.keys()) if (!index.has(path)) visit(path)
  return found
}

function packageProblem(file: SourceFile, item: Import): string | undefined {
  const where = `src/${file.path}:${item.line} imports ${item.specifier}`
  if (OWNERS[packageName(item.specifier)]?.includes(file.path)) return undefined
  if (PURE.includes(file.room)) return `${where}: ${file.room}/ uses neither node:* nor packages`
  if (!item.specifier.startsWith('node:') && builtinModules.includes(item.specifier)) {
    return `${where}: write node:${item.specifier}`
  }
  const isSocket = SOCKET_PACKAGES.includes(item.specifier) && file.room === 'proxy'
  if (item.typeOnly && !isSocket) return undefined
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
  return owners.includes(file.room) || owners.includes(file.place)
    ? undefined
    : `${where}: only ${owners.join(', ')} may`
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

  test('no files import each other in a circle, types included', () => {
    expect(circles(files)).toEqual([])
  })

  test(`no folder holds more than ${MOST_LOOSE_FILES} loose files`, () => {
    const loose = Map.groupBy(files, file => dirname(file.path))
    const problems = [...loose]
      .filter(([, held]) => held.length > MOST_LOOSE_FILES)
      .map(([folder, held]) => `src/${folder}/ holds ${held.length} files: make rooms`)
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

  test('policy/, http1/, http2/ and websocket/ read no clock, timer, randomness or process', () => {
    const problems = files
      .filter(file => PURE.includes(file.room))
      .flatMap(file =>
        [...file.code.matchAll(IMPURE)].map(
          match => `src/${file.path}:${lineAt(file.code, match.index)} uses ${match[0]}: make it an argument`,
        ),
      )
    expect(problems).toEqual([])
  })

  test('what vigia runs on imports no values from node:http: that would load all of fetch, 45 ms of CPU in each thread', () => {
    const importing = files
      .filter(file => file.room !== 'demo')
      .filter(file => /^import (?!type\b)[^']*'node:http'/m.test(file.code))
    expect(importing.map(({ path }) => path)).toEqual([])
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
    ['policy/x.ts', "import type { Snapshot } from '../plan/snapshot.ts'"],
    ['policy/balance/x.ts', "import { pick } from './y.ts'"],
    ['control/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'"],
    ['commands/demo.ts', "import { DemoFleet } from '../demo/fleet.ts'"],
    ['logging/x.ts', "import pino from 'pino'"],
    ['control/x.ts', "import type { FastifyInstance } from 'fastify'"],
    ['config/x.ts', "import { isIP, BlockList } from 'node:net'"],
    ['commands/version.ts', "import manifest from '../../package.json' with { type: 'json' }"],
    ['policy/maintenance/recurrence.ts', "import { RRuleTemporal } from 'rrule-temporal'"],
    ['store/x.ts', "import type { InDoubtRecord } from '../shared/messages.ts'"],
    ['control/record/x.ts', "import { openStore } from '../../store/main/store.ts'"],
    ['admin/x.ts', "import { windowSchema } from '../config/parts/maintenance/window.ts'"],
    ['control/events/x.ts', "import type { WindowEvent } from '../windows/y.ts'"],
    ['control/control.ts', "import { decide } from './orders/decide.ts'"],
    ['store/x.ts', "import { DatabaseSync } from 'node:sqlite'"],
  ])('let %s say %s', (path, text) => {
    expect(problemsOf(path, text)).toEqual([])
  })

  test.each([
    ['policy/x.ts', "import { readFileSync } from 'node:fs'", 'neither node:* nor packages'],
    ['policy/maintenance/x.ts', "import { RRuleTemporal } from 'rrule-temporal'", 'neither node:* nor packages'],
    ['control/x.ts', "import { RRuleTemporal } from 'rrule-temporal'", 'only policy/maintenance/recurrence.ts may'],
    ['policy/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'", 'only types'],
    ['policy/x.ts', "import { emptySnapshot } from '../plan/snapshot.ts'", 'only types'],
    ['proxy/x.ts', "import { registry } from '../control/registry.ts'", 'forbidden'],
    ['control/x.ts', "import { serve } from '../proxy/worker.ts'", 'forbidden'],
    ['shared/x.ts', "import { load } from '../config/load.ts'", 'down only'],
    ['demo/x.ts', "import { load } from '../config/load.ts'", 'only logging'],
    ['proxy/x.ts', "import Fastify from 'fastify'", 'only admin may'],
    ['proxy/x.ts', "import chalk from 'chalk'", 'nobody owns'],
    ['config/x.ts', "import { isIP, createServer } from 'node:net'", 'only proxy'],
    ['store/x.ts', "import { UpstreamTable } from '../shared/upstream-table.ts'", 'only types'],
    ['store/x.ts', "import type { Logger } from '../logging/logger.ts'", 'only types, of shared'],
    ['admin/x.ts', "import type { Store } from '../store/contract.ts'", 'only control/record and commands'],
    ['proxy/x.ts', "import { openStore } from '../store/main/store.ts'", 'only control/record and commands'],
    [
      'control/orders/x.ts',
      "import type { Change } from '../../store/contract.ts'",
      'only control/record and commands',
    ],
    ['control/upstreams/x.ts', "import { EventLog } from '../events/events.ts'", 'within control/'],
    ['policy/request/x.ts', "import type { Holds } from '../upstream/holds.ts'", 'within policy/'],
    ['proxy/pool/x.ts', "import type { Socket } from 'node:net'", 'only proxy/client'],
    ['proxy/pool/x.ts', "import { Exchange } from '../exchange/exchange.ts'", 'within proxy/'],
    ['control/x.ts', "import { DatabaseSync } from 'node:sqlite'", 'only store, held may'],
    ['config/x.ts', "import manifest from '../../package.json' with { type: 'json' }", 'outside src'],
    ['proxy/x.ts', "import net from 'net'", 'write node:net'],
    ['admin/x.ts', "import x from '../../bench/run.ts'", 'outside src'],
    ['control/x.ts', "import { compilePool } from '../config/parts/pool/pool.ts'", 'of config/ others may import only'],
    ['config/parts/x.ts', "import { load } from '../read/load.ts'", 'within config/'],
  ])('stop %s from saying %s', (path, text, reason) => {
    expect(problemsOf(path, text).join('\n')).toContain(reason)
  })

  test('find circles, and no others', () => {
    const all = [
      parse('a/one.ts', "import type { T } from '../b/two.ts'"),
      parse('b/two.ts', "import { f } from './three.ts'"),
      parse('b/three.ts', "import { g } from '../a/one.ts'\nimport { h } from './four.ts'"),
      parse('b/four.ts', "import { x } from './five.ts'"),
      parse('b/five.ts', ''),
    ]
    expect(circles(all)).toEqual(['a/one.ts <-> b/three.ts <-> b/two.ts'])
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
