// HAProxy's conditions: `acl` lines by name, `if` and `unless` with what they join, and what each criterion is in vigia.

import { rangesOf } from '../access.ts'
import type { Directive, Surroundings } from '../directive.ts'
import { globsOf, prefixesOf } from '../globs.ts'
import { both, type Condition, negated, type Test } from '../rules.ts'

const FLAGS = /^-(?:i|n|m|M|u|f|--)$/
const PREDEFINED: Readonly<Record<string, Omit<Test, 'not' | 'text'>>> = {
  TRUE: { kind: 'always', values: [] },
  HTTP: { kind: 'always', values: [] },
  METH_GET: { kind: 'method', values: ['GET', 'HEAD'] },
  METH_HEAD: { kind: 'method', values: ['HEAD'] },
  METH_POST: { kind: 'method', values: ['POST'] },
  METH_PUT: { kind: 'method', values: ['PUT'] },
  METH_DELETE: { kind: 'method', values: ['DELETE'] },
  METH_OPTIONS: { kind: 'method', values: ['OPTIONS'] },
  METH_CONNECT: { kind: 'method', values: ['CONNECT'] },
  METH_TRACE: { kind: 'method', values: ['TRACE'] },
  LOCALHOST: { kind: 'address', values: ['127.0.0.0/8', '::1'] },
}
const NEVER: Condition = []
const ALWAYS: Condition = [[]]

export class Conditions {
  readonly #acls: ReadonlyMap<string, readonly Directive[]>
  readonly #around: Surroundings

  /** @param lines of the section, in which its `acl`s stand */
  constructor(lines: readonly Directive[], around: Surroundings) {
    const acls = new Map<string, Directive[]>()
    for (const line of lines) {
      if (line.name === 'acl') acls.getOrInsertComputed(line.args[0] ?? '', () => []).push(line)
    }
    this.#acls = acls
    this.#around = around
  }

  /** `acl` lines that no condition used. */
  get unused(): Directive[] {
    return [...this.#acls.values()].flat().filter(({ used }) => !used)
  }

  /** @param words of a rule, with `if` or `unless` among them @returns always where there is neither; undefined = too much to tell */
  of(words: readonly string[], place: Directive['place']): Condition | undefined {
    const at = words.findIndex(word => word === 'if' || word === 'unless')
    if (at === -1) return ALWAYS
    const condition = this.#parse(words.slice(at + 1), place)
    return condition !== undefined && words[at] === 'unless' ? negated(condition) : condition
  }

  #parse(words: readonly string[], place: Directive['place']): Condition | undefined {
    let any: Condition = NEVER
    let all: Condition | undefined = ALWAYS
    let not = false
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!
      if (word === 'or' || word === '||') {
        if (all === undefined) return undefined
        any = [...any, ...all]
        all = ALWAYS
      } else if (word === '!') not = !not
      else {
        const isNegated: boolean = word.startsWith('!') ? !not : not
        const name = word.replace(/^!/, '')
        let term: Condition
        if (name === '{') {
          const end = words.indexOf('}', at)
          term = [[this.#test(words.slice(at + 1, end === -1 ? undefined : end), place)]]
          at = end === -1 ? words.length : end
        } else term = this.#named(name)
        const turned: Condition | undefined = isNegated ? negated(term) : term
        all = all === undefined || turned === undefined ? undefined : both(all, turned)
        not = false
      }
      if (all === undefined) return undefined
    }
    return [...any, ...all!]
  }

  #named(name: string): Condition {
    if (name === 'FALSE') return NEVER
    const own = this.#acls.get(name)
    if (own === undefined) {
      const known = PREDEFINED[name]
      return [[{ ...(known ?? { kind: 'unknown', values: [] }), not: false, text: name }]]
    }
    for (const line of own) line.used = true
    // Lines of one kind are one test: so "none of them" is one test too.
    const tests: Test[] = []
    for (const line of own) {
      const test = this.#test(line.args.slice(1), line.place)
      const same = tests.findIndex(
        each => each.kind === test.kind && each.not === test.not && mergeable(each) && mergeable(test),
      )
      if (same === -1) tests.push(test)
      else tests[same] = merged(tests[same]!, test)
    }
    return tests.map(test => [test])
  }

  #test(words: readonly string[], place: Directive['place']): Test {
    const [criterion = '', ...rest] = words
    const text = words.join(' ')
    const unknown: Test = { kind: 'unknown', values: [], not: false, text }
    let values: string[] = []
    let ignoresCase = false
    let way = ''
    for (let at = 0; at < rest.length; at += 1) {
      const word = rest[at]!
      if (!FLAGS.test(word)) values.push(word)
      else if (word === '-i') ignoresCase = true
      else if (word === '-m') way = rest[++at] ?? ''
      else if (word === '-f') {
        const lines = this.#lines(rest[++at] ?? '', place)
        if (lines === undefined) return unknown
        values.push(...lines)
      } else if (word === '--') values = [...values, ...rest.splice(at + 1)]
      else return unknown
    }
    return testOf(criterion, way, values, ignoresCase, text) ?? unknown
  }

  #lines(file: string, { file: from }: Directive['place']): string[] | undefined {
    const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/') + 1) : ''
    const content = this.#around.read(file) ?? (file.startsWith('/') ? undefined : this.#around.read(folder + file))
    return content
      ?.split(/\r?\n/)
      .map(line => line.trim())
      .filter(line => line !== '' && !line.startsWith('#'))
  }
}

const mergeable = ({ kind, values, globs }: Test) =>
  kind !== 'unknown' && kind !== 'always' && kind !== 'tls' && (values.length > 0 || globs !== undefined)

function merged(a: Test, b: Test): Test {
  const values = a.values.length > 0 && b.values.length > 0 ? [...a.values, ...b.values] : []
  const globs = a.globs !== undefined && b.globs !== undefined ? { globs: [...a.globs, ...b.globs] } : {}
  return { ...a, values, ...globs, text: `${a.text} | ${b.text}` }
}

function testOf(
  criterion: string,
  way: string,
  values: readonly string[],
  ignoresCase: boolean,
  text: string,
): Test | undefined {
  const of = (kind: Test['kind'], found: readonly string[], globs?: readonly string[]): Test => ({
    kind,
    values: found,
    ...(globs === undefined ? {} : { globs }),
    not: false,
    text,
  })
  const [, name = '', arg = '', suffix = ''] =
    /^(?:req\.|req_)?(\w+)(?:\(([^)]*)\))?((?:,(?:lower|url_dec))*)$/.exec(criterion) ?? []
  if (suffix.includes('url_dec') && way === '') return undefined
  const [, base = name, joined = way] =
    /^(hdr|path|base|url|ssl_fc_sni|ssl_sni)_(beg|end|sub|reg|dir|dom|len)$/.exec(name) ?? []
  const match = joined || way
  if ((base === 'hdr' && /^host\b/i.test(arg)) || name === 'ssl_fc_sni' || name === 'ssl_sni')
    return hostTest(match, values, of)
  if (base === 'path' && arg === '') return withCase(pathTest(match, values, of), ignoresCase)
  if (name === 'method')
    return of(
      'method',
      values.flatMap(each => (each === 'GET' ? ['GET', 'HEAD'] : [each])),
    )
  if (name === 'src' && match === '') {
    const ranges = values.map(rangesOf)
    return ranges.some(each => each.length === 0) || values.length === 0 ? undefined : of('address', ranges.flat())
  }
  if (name === 'ssl_fc' && values.length === 0) return of('tls', [])
  if (name === 'dst_port' && values.every(each => /^\d+$/.test(each))) return of('port', values)
  if (name === 'always_true') return of('always', [])
  return undefined
}

type Make = (kind: Test['kind'], found: readonly string[], globs?: readonly string[]) => Test

function hostTest(match: string, values: readonly string[], of: Make): Test | undefined {
  const plain = values.map(each => each.toLowerCase().replace(/:\d+$/, ''))
  if (plain.some(each => !/^[\w.:[\]-]+$/.test(each)) || plain.length === 0) return undefined
  if (match === '' || match === 'str') return of('host', plain)
  if (match === 'end')
    return of(
      'host',
      plain.flatMap(each => (each.startsWith('.') ? [`*${each}`] : [each, `*.${each}`])),
    )
  return undefined
}

function pathTest(match: string, values: readonly string[], of: Make): Test | undefined {
  if (values.length === 0) return undefined
  const isPath = values.every(each => each.startsWith('/') && !/[*?#]/.test(each))
  const anywhere = (ends: (path: string) => string) =>
    values.flatMap(each => (each.startsWith('/') ? [ends(each), `/*${ends(each)}`] : [`/*${ends(each)}`]))
  if (match === '' || match === 'str') return isPath ? of('path', values, values) : undefined
  if (match === 'beg')
    return isPath
      ? of(
          'path',
          values,
          values.map(each => `${each}*`),
        )
      : undefined
  if (match === 'end')
    return of(
      'path',
      [],
      anywhere(each => each),
    )
  if (match === 'sub')
    return of(
      'path',
      [],
      anywhere(each => `${each}*`),
    )
  if (match === 'dir')
    return of(
      'path',
      [],
      values.flatMap(each => [`/${trim(each)}/*`, `/*/${trim(each)}/*`]),
    )
  if (match !== 'reg') return undefined
  const prefixes = values.map(prefixesOf)
  const globs = values.map(globsOf)
  if (globs.some(each => each === undefined)) return undefined
  return of(
    'path',
    prefixes.some(each => each === undefined) ? [] : prefixes.flatMap(each => each!),
    globs.flatMap(each => each!),
  )
}

function withCase(test: Test | undefined, ignoresCase: boolean): Test | undefined {
  return test === undefined || !ignoresCase ? test : { ...test, ignoresCase }
}

function trim(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}
