// Traefik's rules (`Host(`a`) && (PathPrefix(`/x`) || Method(`GET`))`) as conditions.

import { rangesOf } from '../access.ts'
import { globsOf, prefixesOf } from '../globs.ts'
import { both, type Condition, negated, type Test } from '../rules.ts'

const DEEPEST = 30

/** @returns undefined = it is no rule, or has too many cases */
export function parseRule(rule: string): Condition | undefined {
  const parser = { text: rule, at: 0 }
  const found = any(parser, 0)
  blanks(parser)
  return parser.at === rule.length ? found : undefined
}

interface Parser {
  readonly text: string
  at: number
}

function any(parser: Parser, depth: number): Condition | undefined {
  let all = every(parser, depth)
  while (takes(parser, '||')) {
    const next = every(parser, depth)
    all = all === undefined || next === undefined ? undefined : [...all, ...next]
  }
  return all
}

function every(parser: Parser, depth: number): Condition | undefined {
  let all = one(parser, depth)
  while (takes(parser, '&&')) {
    const next = one(parser, depth)
    all = all === undefined || next === undefined ? undefined : both(all, next)
  }
  return all
}

function one(parser: Parser, depth: number): Condition | undefined {
  if (depth > DEEPEST) return undefined
  if (takes(parser, '!')) {
    const inner = one(parser, depth + 1)
    return inner && negated(inner)
  }
  if (takes(parser, '(')) {
    const inner = any(parser, depth + 1)
    return takes(parser, ')') ? inner : undefined
  }
  blanks(parser)
  const name = /^\w+/.exec(parser.text.slice(parser.at))?.[0]
  if (name === undefined) return undefined
  parser.at += name.length
  if (!takes(parser, '(')) return undefined
  const values: string[] = []
  for (;;) {
    blanks(parser)
    const [whole = '', , inner] = /^(["'`])((?:(?!\1).)*)\1/.exec(parser.text.slice(parser.at)) ?? []
    if (inner === undefined) break
    values.push(inner)
    parser.at += whole.length
    if (!takes(parser, ',')) break
  }
  return takes(parser, ')') ? [[testOf(name, values)]] : undefined
}

function takes(parser: Parser, sign: string): boolean {
  blanks(parser)
  if (!parser.text.startsWith(sign, parser.at)) return false
  parser.at += sign.length
  return true
}

function blanks(parser: Parser): void {
  while (/\s/.test(parser.text[parser.at] ?? '')) parser.at += 1
}

function testOf(name: string, values: readonly string[]): Test {
  const text = `${name}(${values.join(', ')})`
  const of = (kind: Test['kind'], found: readonly string[], globs?: readonly string[]): Test => ({
    kind,
    values: found,
    ...(globs === undefined ? {} : { globs }),
    not: false,
    text,
  })
  const unknown = of('unknown', [])
  if (values.length === 0) return unknown
  if (name === 'Host' || name === 'HostHeader' || name === 'HostSNI')
    return of(
      'host',
      values.map(each => each.toLowerCase()),
    )
  if (name === 'HostRegexp') {
    const hosts = values.map(wildcardOf)
    return hosts.some(each => each === undefined)
      ? unknown
      : of(
          'host',
          hosts.map(each => each!),
        )
  }
  if (name === 'Path' || name === 'PathPrefix') {
    // Version 2 has {name:pattern} in a path.
    if (values.some(each => /[{}]/.test(each) || !each.startsWith('/'))) return unknown
    return of('path', values, name === 'Path' ? values : values.map(each => `${each}*`))
  }
  if (name === 'PathRegexp') {
    const globs = globsOf(values[0]!)
    return globs === undefined ? unknown : of('path', prefixesOf(values[0]!) ?? [], globs)
  }
  if (name === 'Method')
    return of(
      'method',
      values.map(each => each.toUpperCase()),
    )
  if (name === 'ClientIP') {
    const ranges = values.map(rangesOf)
    return ranges.some(each => each.length === 0) ? unknown : of('address', ranges.flat())
  }
  return unknown
}

/** `^.+\.example\.com$`, `{sub:[a-z]+}.example.com`: a name with *. before it, which takes a little more. */
function wildcardOf(pattern: string): string | undefined {
  const plain = pattern.replace(/^\^/, '').replace(/\$$/, '')
  const [, rest] =
    /^(?:\{\w+(?::[^}]*)?\}|\(?(?:\.[*+]|\[[^\]]*\][*+]|\\w[*+])\)?)(?:\\\.|\.)([\w\\.-]+)$/.exec(plain) ?? []
  const host = rest?.replaceAll('\\.', '.')
  return host !== undefined && /^[\w.-]+$/.test(host) ? `*.${host}` : undefined
}
