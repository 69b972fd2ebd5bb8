// Traefik's middlewares on the routes of a router.

import { rangesOf } from '../access.ts'
import { rate, size, timeMs } from '../amounts.ts'
import { accessOf, below, type Draft, type Entry as DraftEntry, type Route, todo } from '../draft.ts'
import { removeField, setField } from '../fields.ts'
import { type Entry, entriesOf, entryOf, type Tree, takeEntry, textOf, textsOf } from './tree.ts'

const NO_REWRITING =
  'vigia passes on the path of a request as it is, and does not cut or put in its beginning: let the application serve under this path'
const DEEPEST = 5
const MISSING = 'middleware'
/** One of what a middleware may be. */
type Kind = Entry

/** The middlewares of a router, chains unfolded. @param before those of its entry points */
export function chainOf(router: Entry, all: readonly Entry[], before: readonly string[]): Kind[] {
  const find = (names: readonly string[], depth: number): Kind[] =>
    names.flatMap((name): Kind[] => {
      const found = all.find(({ directive }) => directive.name === name.replace(/@file$/, ''))
      if (found === undefined || depth > DEEPEST) return [missing(router, name)]
      found.directive.used = true
      const [kind] = entriesOf(found.tree)
      if (kind === undefined) return []
      kind.directive.used = true
      return kind.directive.name === 'chain' ? find(textsOf(kind.tree, 'middlewares'), depth + 1) : [kind]
    })
  return find([...before, ...textsOf(router.tree, 'middlewares')], 0)
}

/** Nobody here knows what it does: it may be what protects. */
function missing({ directive, tree }: Entry, name: string): Kind {
  return {
    directive: { name: MISSING, args: [name], place: directive.place, used: true },
    tree: { kind: 'scalar', place: tree.place, text: '' },
  }
}

export function leadsToHttps(chain: readonly Kind[]): boolean {
  return chain.some(
    ({ directive, tree }) => directive.name.toLowerCase() === 'redirectscheme' && textOf(tree, 'scheme') === 'https',
  )
}

export function protectsRouter({ directive }: Kind): boolean {
  return /^(?:ipallowlist|ipwhitelist|basicauth|digestauth|forwardauth|plugin|middleware)$/i.test(directive.name)
}

export function applyMiddlewares(
  draft: Draft,
  chain: readonly Kind[],
  routes: readonly Route[],
  listeners: readonly DraftEntry[],
): void {
  for (const kind of chain) apply(draft, kind, routes, listeners)
}

function apply(
  draft: Draft,
  { directive, tree }: Kind,
  routes: readonly Route[],
  listeners: readonly DraftEntry[],
): void {
  const name = directive.name.toLowerCase()
  if (name === 'ipallowlist' || name === 'ipwhitelist') {
    const ranges = textsOf(tree, 'sourceRange').map(rangesOf)
    const strategy = takeEntry(tree, 'ipStrategy')
    if (strategy !== undefined)
      draft.note(
        'differs',
        strategy.directive,
        'vigia learns the client from X-Forwarded-For of those in trustedProxies',
      )
    if (ranges.length === 0 || ranges.some(each => each.length === 0))
      return draft.unsafe(directive, 'vigia takes addresses and ranges: access: { allow }', routes)
    for (const route of routes) {
      const access = accessOf(route)
      if (access.allow !== undefined && access.allow.join() !== ranges.flat().join())
        draft.unsafe(directive, 'vigia has one list of who gets in for each route', [route])
      else access.allow = ranges.flat()
    }
  } else if (/^(?:basicauth|digestauth|forwardauth)$/.test(name)) {
    for (const each of directive.block ?? []) each.used = true
    draft.unsafe(
      directive,
      name === 'forwardauth' ? 'vigia asks no other service who may get in' : 'vigia asks nobody for a password',
      routes,
    )
  } else if (name === 'ratelimit') rateLimit(draft, { directive, tree }, routes)
  else if (name === 'headers') headers(draft, tree, routes, listeners)
  else if (name === 'redirectscheme') {
    for (const key of ['scheme', 'permanent', 'port']) takeEntry(tree, key)
    draft.note('differs', directive, 'vigia answers 308, which repeats a POST as one')
  } else if (name === 'compress') {
    for (const each of directive.block ?? []) each.used = true
    for (const { keys } of routes) keys.compress = true
  } else if (/^(?:stripprefix|stripprefixregex|addprefix|replacepath|replacepathregex)$/.test(name)) {
    for (const each of directive.block ?? []) each.used = true
    draft.note('unconverted', directive, NO_REWRITING)
    for (const route of routes) todo(route, directive, NO_REWRITING)
  } else if (name === 'buffering') {
    const bytes = Number(textOf(tree, 'maxRequestBodyBytes') ?? 0)
    for (const { keys } of routes) {
      keys.buffer = { request: 'on' }
      if (bytes > 0) keys.maxBody = size(bytes)
    }
    for (const key of ['memRequestBodyBytes', 'memResponseBodyBytes']) takeEntry(tree, key)
  } else if (name === 'retry') {
    const attempts = Number(textOf(tree, 'attempts') ?? 1)
    takeEntry(tree, 'initialInterval')
    for (const { pool } of routes)
      below(draft.pools.get(pool)!.keys, 'retry').attempts = Math.min(10, Math.max(1, attempts))
    draft.note(
      'differs',
      directive,
      'vigia never repeats a POST that an upstream may have carried out: its client is told "in doubt"',
    )
  } else if (name === MISSING)
    draft.unsafe(directive, 'there is none of this name here, and it may be what protects', routes)
  else if (name === 'plugin')
    draft.unsafe(directive, 'vigia runs no plugins, and nobody here knows what this one protects', routes)
  else {
    for (const each of directive.block ?? []) each.used = true
    draft.note('unconverted', directive, 'vigia has nothing of the kind')
  }
}

function rateLimit(draft: Draft, { directive, tree }: Kind, routes: readonly Route[]): void {
  const average = Number(textOf(tree, 'average') ?? 0)
  const burst = Number(textOf(tree, 'burst') ?? 1)
  const text = rate(average, timeMs(textOf(tree, 'period') ?? '1s', 1000) ?? 1000)
  const by = entryOf(tree, 'sourceCriterion')
  if (by !== undefined) {
    by.directive.used = true
    for (const each of by.directive.block ?? []) each.used = true
    draft.note('differs', by.directive, 'vigia counts by client address, as trustedProxies tells it')
  }
  if (text === undefined) return draft.note('unconverted', directive, 'vigia counts requests by second, minute or hour')
  for (const { keys } of routes) keys.rateLimit = { rate: text, burst: Math.max(1, burst) }
}

/** Those of Traefik's options that stand for one field. */
const SECURITY: Readonly<Record<string, readonly [string, string | undefined]>> = {
  framedeny: ['X-Frame-Options', 'DENY'],
  customframeoptionsvalue: ['X-Frame-Options', undefined],
  contenttypenosniff: ['X-Content-Type-Options', 'nosniff'],
  browserxssfilter: ['X-XSS-Protection', '1; mode=block'],
  custombrowserxssvalue: ['X-XSS-Protection', undefined],
  contentsecuritypolicy: ['Content-Security-Policy', undefined],
  referrerpolicy: ['Referrer-Policy', undefined],
  permissionspolicy: ['Permissions-Policy', undefined],
}

function headers(draft: Draft, tree: Tree, routes: readonly Route[], listeners: readonly DraftEntry[]): void {
  for (const [key, way] of [
    ['customRequestHeaders', 'request'],
    ['customResponseHeaders', 'response'],
  ] as const) {
    for (const each of entriesOf(tree, key)) {
      each.directive.used = true
      const { name } = each.directive
      const value = (textOf(each.tree) ?? '').replaceAll('{', '{{').trim()
      if (way === 'request' && /^(?:x-forwarded-(?:for|proto|host|port)|x-real-ip)$/i.test(name))
        draft.note('differs', each.directive, `vigia says ${name} itself: what it knows of the client`)
      else if (way === 'request' && /^host$/i.test(name))
        draft.note('differs', each.directive, 'vigia passes on the Host that the client asked for, and no other')
      else for (const route of routes) value === '' ? removeField(route, way, name) : setField(route, way, name, value)
    }
  }
  for (const each of entriesOf(tree)) {
    const found = SECURITY[each.directive.name.toLowerCase()]
    const text = textOf(each.tree) ?? ''
    if (found === undefined) continue
    each.directive.used = true
    const value = found[1] ?? text
    if (text !== 'false' && value !== '') for (const route of routes) setField(route, 'response', found[0], value)
  }
  const seconds = Number(textOf(tree, 'stsSeconds') ?? 0)
  const [subdomains, preload] = [textOf(tree, 'stsIncludeSubdomains'), textOf(tree, 'stsPreload')]
  takeEntry(tree, 'forceSTSHeader')
  if (seconds === 0) return
  const age = seconds % 86_400 === 0 ? `${seconds / 86_400}d` : `${Math.min(seconds, 999_999)}s`
  for (const { keys } of listeners) {
    if (keys.tls !== undefined)
      keys.hsts = {
        maxAge: age,
        ...(subdomains === 'true' ? { includeSubDomains: true } : {}),
        ...(preload === 'true' ? { preload: true } : {}),
      }
  }
}
