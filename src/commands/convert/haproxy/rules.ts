// `http-request`, `http-response`, `tcp-request` and `redirect` rules: what is refused, limited, set or removed on the routes of a section.

import { rate, timeMs } from '../amounts.ts'
import type { Directive, Surroundings } from '../directive.ts'
import type { Draft, Entry, Route } from '../draft.ts'
import { hstsOf, removeField, setField, templateOf, type Way } from '../fields.ts'
import { type Clause, type Condition, refuse } from '../rules.ts'
import type { Conditions } from './conditions.ts'
import { saidOf } from './words.ts'

interface Context {
  readonly draft: Draft
  readonly conditions: Conditions
  readonly listeners: readonly Entry[]
  readonly around: Surroundings
}

const REFUSALS: ReadonlySet<string> = new Set(['deny', 'tarpit', 'reject', 'silent-drop'])
const OWN_FIELDS =
  /^(?:x-forwarded-(?:for|proto|port|host|ssl|protocol)|x-real-ip|x-request-id|forwarded|x-unique-id|ssl-proto|x-forwarded-https)$/i
const VARIABLE = /%\[([^\]]*)\]|%(?:\{[^}]*\})?([A-Za-z]+)/g
const HSTS = /^strict-transport-security$/i

export function isRule(line: Directive): boolean {
  return (
    /^(?:(?:http|tcp)-(?:request|response|after-response)|redirect)$/.test(line.name) || saidOf(line)?.[0] === 'unsafe'
  )
}

export function applyRules(context: Context, lines: readonly Directive[], routes: Route[]): void {
  for (const line of lines) {
    if (line.used) continue
    if (line.name === 'http-request') request(context, lines, line, routes)
    else if (line.name === 'http-response' || line.name === 'http-after-response') response(context, line, routes)
    else if (line.name === 'tcp-request') tcp(context, lines, line, routes)
    else if (line.name === 'redirect') other(context.draft, line)
    else if (saidOf(line)?.[0] === 'unsafe') {
      line.used = true
      context.draft.unsafe(line, saidOf(line)![1], routes)
    }
  }
}

/** Whether a section leads to https what comes without TLS; its rules for that are decided then. */
export function httpsRedirect(draft: Draft, lines: readonly Directive[]): boolean {
  let found = false
  for (const line of lines) {
    const words =
      line.name === 'redirect'
        ? line.args
        : line.name === 'http-request' && line.args[0] === 'redirect'
          ? line.args.slice(1)
          : []
    if (words[0] !== 'scheme' || words[1] !== 'https') continue
    line.used = true
    const condition = words.slice(words.findIndex(word => word === 'if' || word === 'unless'))
    const isWhole = !words.includes('if') && !words.includes('unless')
    const isPlain = /^(?:if ! ?\{ ssl_fc \}|unless \{ ssl_fc \}|if \{ ssl_fc,not \})$/.test(condition.join(' '))
    draft.note(
      'differs',
      line,
      isWhole || isPlain
        ? 'vigia answers 308, which repeats a POST as one'
        : 'vigia answers 308, and leads everything to https that comes without TLS, whatever else this asks for',
    )
    found = true
  }
  return found
}

function request(context: Context, lines: readonly Directive[], line: Directive, routes: Route[]): void {
  const { draft, conditions } = context
  const [action = '', ...words] = line.args
  line.used = true
  if (REFUSALS.has(action)) return refusal(context, lines, line, words, routes)
  if (action === 'auth') {
    const condition = conditions.of(words, line.place)
    if (condition === undefined) return draft.unsafe(line, 'vigia asks nobody for a password', routes)
    // Whoever is logged in already fails the test that asks for it: it says nothing of the request.
    const without = condition.map(clause => clause.filter(({ text }) => !/http_auth|auth_ok|auth/i.test(text)))
    return refuse(draft, routes, without, line, 'vigia asks nobody for a password')
  }
  if (/^track-sc\d/.test(action)) return draft.note('needless', line, '')
  if (action === 'redirect') return other(draft, line)
  const [plain, condition] = splitCondition(words)
  if (action === 'set-header' || action === 'add-header' || action === 'del-header')
    return field(context, line, action, plain, condition, 'request', routes)
  if (action === 'allow') return draft.note('differs', line, 'what is refused below is refused to these too')
  draft.note('unconverted', line, 'vigia has no rule of this kind')
}

function refusal(
  context: Context,
  lines: readonly Directive[],
  line: Directive,
  words: readonly string[],
  routes: Route[],
): void {
  const { draft, conditions } = context
  const condition = conditions.of(words, line.place)
  if (condition === undefined) return draft.unsafe(line, 'its condition has too many cases', routes)
  const others: Clause[] = []
  for (const clause of condition) {
    const counted = clause
      .map(({ text }) => /(?:sc\d?_)?(http_req_rate|conn_rate)(?:\(\d*\))?\s+(?:-m int )?(gt|ge)\s+(\d+)/.exec(text))
      .find(found => found !== null)
    if (counted === undefined || clause.length > 1) others.push(clause)
    else rateLimit(draft, lines, line, Number(counted[3]) + (counted[2] === 'gt' ? 0 : -1), routes)
  }
  refuse(draft, routes, others as Condition, line)
}

/** More requests of one address in a time than so many. */
function rateLimit(
  draft: Draft,
  lines: readonly Directive[],
  line: Directive,
  most: number,
  routes: readonly Route[],
): void {
  const table = lines.find(({ name, args }) => name === 'stick-table' && args.includes('store'))
  const period = /(?:http_req_rate|conn_rate)\(([^)]+)\)/.exec(table?.args.join(' ') ?? '')?.[1]
  const perMs = timeMs(period ?? '10s', 1) ?? 10_000
  const text = rate(most, perMs)
  if (table !== undefined) table.used = true
  if (text === undefined) return draft.note('unconverted', line, 'vigia counts requests by second, minute or hour')
  for (const route of routes) route.keys.rateLimit = { rate: text, burst: Math.max(1, most) }
  draft.note(
    'differs',
    line,
    `vigia answers 429 with Retry-After, lets ${text} through all the time, and counts for each route by itself${period === undefined ? ' (no stick-table here says in which time: 10s was taken)' : ''}`,
  )
}

function response({ draft, conditions, listeners, around }: Context, line: Directive, routes: readonly Route[]): void {
  const [action = '', ...words] = line.args
  line.used = true
  if (action === 'deny') return draft.unsafe(line, 'vigia refuses no answers', routes)
  const [plain, condition] = splitCondition(words)
  if (HSTS.test(plain[0] ?? '') && action.endsWith('-header')) {
    const hsts = hstsOf(plain[1] ?? '')
    if (hsts === undefined)
      return draft.note('unconverted', line, 'vigia knows max-age, includeSubDomains and preload: hsts of a listener')
    for (const { keys } of listeners) if (keys.tls !== undefined) keys.hsts = hsts
    return
  }
  if (/^(?:set|add|del)-header$/.test(action))
    return field({ draft, conditions, listeners, around }, line, action, plain, condition, 'response', routes)
  draft.note('unconverted', line, 'vigia has no rule of this kind for answers')
}

function field(
  { draft }: Context,
  line: Directive,
  action: string,
  words: readonly string[],
  condition: readonly string[],
  way: Way,
  routes: readonly Route[],
): void {
  const [name = '', value = ''] = words
  if (way === 'request' && OWN_FIELDS.test(name)) return draft.note('needless', line, 'vigia says so itself')
  if (way === 'request' && /^host$/i.test(name))
    return draft.note('differs', line, 'vigia passes on the Host that the client asked for, and no other')
  if (condition.length > 0)
    return draft.note('unconverted', line, 'vigia sets and removes a field on all requests of a route, or on none')
  if (action === 'del-header') {
    for (const route of routes) removeField(route, way, name)
    return
  }
  const text = templateOf(value, VARIABLE, variableOf)
  if (text === undefined || text.trim() === '')
    return draft.note(
      'unconverted',
      line,
      'vigia knows {client}, {host}, {scheme}, {request-id} in a value, and nothing else',
    )
  for (const route of routes) setField(route, way, name, text.trim().replaceAll('%%', '%'))
}

function variableOf(name: string): string | undefined {
  if (name === 'src' || name === 'ci') return '{client}'
  if (/^(?:req\.)?hdr\(host\)$/.test(name)) return '{host}'
  return name === 'unique-id' || name === 'id' ? '{request-id}' : undefined
}

/** What is refused before a request is read. */
function tcp(context: Context, lines: readonly Directive[], line: Directive, routes: Route[]): void {
  const { draft } = context
  const [, action = '', ...words] = line.args
  line.used = true
  if (line.args[0] === 'inspect-delay') return draft.note('needless', line, '')
  if (REFUSALS.has(action)) return refusal(context, lines, line, words, routes)
  if (/^track-sc\d/.test(action)) return draft.note('needless', line, '')
  if (action === 'accept') return draft.note('differs', line, 'what is refused below is refused to these too')
  if (action === 'expect-proxy')
    return draft.unsafe(line, 'proxyProtocol of a listener says who may say who the client is', routes)
  draft.note('unconverted', line, 'vigia has no rule of this kind')
}

function other(draft: Draft, line: Directive): void {
  line.used = true
  draft.note(
    'unconverted',
    line,
    'vigia leads to https only (redirect: https of a listener): let the application answer this',
  )
}

function splitCondition(words: readonly string[]): [readonly string[], readonly string[]] {
  const at = words.findIndex(word => word === 'if' || word === 'unless')
  return at === -1 ? [words, []] : [words.slice(0, at), words.slice(at)]
}
