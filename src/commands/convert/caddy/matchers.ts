// Caddy's request matchers as conditions: paths in the place of the first argument, and those with a name.

import { rangesOf } from '../access.ts'
import type { Directive } from '../directive.ts'
import { globsOf } from '../globs.ts'
import { both, type Condition, negated, type Test } from '../rules.ts'

export const PRIVATE_RANGES = ['192.168.0.0/16', '172.16.0.0/12', '10.0.0.0/8', '127.0.0.1/8', 'fd00::/8', '::1']
const ALWAYS: Condition = [[]]

export class Matchers {
  readonly #named = new Map<string, Condition | undefined>()

  /** @param block in which they stand @param outer those that hold there too */
  constructor(block: readonly Directive[], outer?: Matchers) {
    if (outer !== undefined) for (const [name, condition] of outer.#named) this.#named.set(name, condition)
    for (const each of block) {
      if (!each.name.startsWith('@')) continue
      each.used = true
      for (const inner of each.block ?? []) markAll(inner)
      const lines =
        each.block ?? (each.args.length === 0 ? [] : [{ ...each, name: each.args[0]!, args: each.args.slice(1) }])
      this.#named.set(each.name, conditionOf(lines))
    }
  }

  /** @returns what a directive is for, and its further arguments; undefined = more than can be told */
  of({ args }: Directive): { condition: Condition | undefined; rest: readonly string[] } {
    const [first = '', ...rest] = args
    if (first === '*') return { condition: ALWAYS, rest }
    if (first.startsWith('/')) return { condition: [[pathTest([first])]], rest }
    if (first.startsWith('@'))
      return { condition: this.#named.has(first) ? this.#named.get(first) : [[unknown(first)]], rest }
    return { condition: ALWAYS, rest: args }
  }
}

/** Lines of different kinds must all hold, of one kind one of them. */
function conditionOf(lines: readonly Directive[]): Condition | undefined {
  const kinds = new Map<string, Directive[]>()
  for (const line of lines)
    kinds.getOrInsertComputed(line.name === 'not' ? `not ${line.place.line}` : line.name, () => []).push(line)
  let all: Condition | undefined = ALWAYS
  for (const [name, same] of kinds) {
    const one = name.startsWith('not ')
      ? negatedOf(same[0]!)
      : [
          [
            testOf(
              name,
              same.flatMap(({ args }) => args),
            ),
          ],
        ]
    all = all === undefined || one === undefined ? undefined : both(all, one)
  }
  return all
}

function negatedOf({ args, block, place }: Directive): Condition | undefined {
  const inner = conditionOf(block ?? [{ name: args[0] ?? '', args: args.slice(1), place, used: true }])
  return inner && negated(inner)
}

function testOf(name: string, args: readonly string[]): Test {
  const text = [name, ...args].join(' ')
  const of = (kind: Test['kind'], values: readonly string[]): Test => ({ kind, values, not: false, text })
  if (name === 'path') return pathTest(args)
  if (name === 'host')
    return args.some(each => each.includes('{'))
      ? unknown(text)
      : of(
          'host',
          args.map(each => each.toLowerCase()),
        )
  if (name === 'method')
    return of(
      'method',
      args.flatMap(each => (each.toUpperCase() === 'GET' ? ['GET', 'HEAD'] : [each.toUpperCase()])),
    )
  if (name === 'protocol' && args[0] === 'https') return of('tls', [])
  if (name === 'remote_ip' || name === 'client_ip') {
    const ranges = args
      .filter(each => each !== 'forwarded')
      .map(each => (each === 'private_ranges' ? PRIVATE_RANGES : rangesOf(each)))
    return ranges.some(each => each.length === 0) ? unknown(text) : of('address', ranges.flat())
  }
  if (name === 'path_regexp') {
    const globs = globsOf(args.at(-1) ?? '')
    return globs === undefined ? unknown(text) : { ...of('path', []), globs }
  }
  return unknown(text)
}

/** Caddy takes /Admin for /admin. */
function pathTest(patterns: readonly string[]): Test {
  const text = `path ${patterns.join(' ')}`
  if (patterns.some(each => /[{?]/.test(each))) return unknown(text)
  const globs = patterns.flatMap(each =>
    each.startsWith('*') ? [`/${each}`] : each.startsWith('/') ? [each] : [`/${each}`],
  )
  const isPrefix = globs.every(each => /^[^*]*(?:\/?\*)?$/.test(each))
  const values = isPrefix ? globs.map(each => each.replace(/\/?\*$/, '') || '/') : []
  return { kind: 'path', values, globs, ignoresCase: true, not: false, text }
}

function unknown(text: string): Test {
  return { kind: 'unknown', values: [], not: false, text }
}

function markAll(directive: Directive): void {
  directive.used = true
  for (const each of directive.block ?? []) markAll(each)
}
