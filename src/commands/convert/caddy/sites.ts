// Caddy's sites as a draft: routes from the most to the least specific, as Caddy sorts them.

import { size, sizeBytes } from '../amounts.ts'
import { type Directive, takeLast } from '../directive.ts'
import { type Draft, type Match, type Route, todo } from '../draft.ts'
import { hstsOf } from '../fields.ts'
import { hoist, noteRest } from '../finish.ts'
import { both, type Condition, type Listening, matchesOf, refuse, sameButListener } from '../rules.ts'
import { type Place, placesOf, portsOf } from './addresses.ts'
import { addGlobals } from './globals.ts'
import { Matchers } from './matchers.ts'
import { addProxy, addProxyKeys, field } from './proxy.ts'
import type { Caddyfile, Site } from './read.ts'
import { saidOf } from './words.ts'

const NO_REWRITING =
  'vigia passes on the path of a request as it is, and does not cut or put in its beginning: let the application serve under this path'
const ALWAYS: Condition = [[]]

export function convertCaddy({ options, sites }: Caddyfile, draft: Draft): void {
  const ports = portsOf(options)
  addGlobals(draft, options)
  const placed = sites.map(site => ({ site, places: placesOf(draft, site, ports) }))
  const plainHosts = new Set(
    placed.flatMap(({ places }) =>
      places.filter(({ listening }) => !listening.tls).map(({ listening }) => listening.port),
    ),
  )
  const tlsListeners = draft.listeners.filter(({ keys }) => keys.tls !== undefined)
  if (
    ports.redirects &&
    tlsListeners.some(({ keys }) => String(keys.address).endsWith(`:${ports.https}`)) &&
    !plainHosts.has(ports.http)
  ) {
    const plain = draft.listener(`:${ports.http}`, sites[0]!.place)
    plain.keys.redirect = 'https'
    draft.listeners.unshift(...draft.listeners.splice(draft.listeners.indexOf(plain), 1))
  }
  if (draft.settings.acme !== undefined) {
    draft.settings.store = './vigia.db'
    const own = tlsListeners.find(({ keys }) => (keys.tls as { certificates?: unknown }).certificates !== undefined)
    if (own !== undefined)
      draft.noteAt(
        'unconverted',
        sites[0]!.place,
        'tls',
        'a listener of vigia has certificates of its own, or those that acme brings: name all of them here',
      )
  }
  const served = draft.listeners.filter(({ keys }) => keys.redirect === undefined)
  // As Caddy does: names before those with *, and these before whatever host.
  const rank = ({ places }: { places: readonly Place[] }) =>
    Math.min(...places.map(({ host }) => (host === undefined ? 2 : host.startsWith('*') ? 1 : 0)))
  for (const { site, places } of [...placed].sort((a, b) => rank(a) - rank(b))) {
    if (places.length > 0) new SiteRoutes(draft, site, places, served.length).convert()
  }
  hoist(draft)
  for (const { block } of sites) noteRest(draft, block, saidOf)
  noteRest(draft, options, saidOf)
}

interface Context {
  readonly matchers: Matchers
  readonly condition: Condition
  readonly rewrites: Directive | undefined
}

class SiteRoutes {
  readonly #draft: Draft
  readonly #site: Site
  readonly #places: readonly Place[]
  readonly #all: number
  readonly #routes: Route[] = []
  /** Those that say who gets in, with the routes that are there by then. */
  readonly #later: (() => void)[] = []

  /** @param all listeners that serve routes */
  constructor(draft: Draft, site: Site, places: readonly Place[], all: number) {
    this.#draft = draft
    this.#site = site
    this.#places = places
    this.#all = all
  }

  convert(): void {
    const { block } = this.#site
    const before = this.#draft.routes.length
    this.#block(block, { matchers: new Matchers(block), condition: ALWAYS, rewrites: undefined })
    this.#sort(before)
    for (const each of this.#later) each()
    const asks = block.find(({ name }) => name === 'tls')?.block?.find(({ name }) => name === 'client_auth')
    if (asks !== undefined)
      this.#draft.unsafe(
        asks,
        'whose certificates clients must show is said by tls: { clients: { caFile } } of the listener',
        this.#routes,
      )
    if (this.#routes.length === 0)
      this.#draft.noteAt(
        'unconverted',
        this.#site.place,
        this.#site.addresses.join(', '),
        'nothing in this site leads to an upstream',
      )
  }

  /** Longer paths first; vigia takes the first that matches. */
  #sort(before: number): void {
    const own = this.#draft.routes.splice(before)
    const length = ({ match }: Route) => (match.path ?? '').length
    const narrow = ({ match }: Route) => (match.method === undefined ? 0 : 1)
    own.sort((a, b) => length(b) - length(a) || narrow(b) - narrow(a))
    this.#draft.routes.push(...own)
    this.#routes.splice(0, this.#routes.length, ...own)
  }

  #block(block: readonly Directive[], context: Context): void {
    for (const directive of block) {
      const { name } = directive
      if (directive.used) continue
      if (name === 'handle' || name === 'handle_path' || name === 'route') this.#nested(directive, context)
      else if (name === 'reverse_proxy') this.#proxy(directive, context)
      else if (name === 'basicauth' || name === 'basic_auth' || name === 'forward_auth') this.#auth(directive, context)
      else if (name === 'respond' || name === 'error' || name === 'abort') this.#answer(directive, context)
      else if (name === 'encode') this.#later.push(() => this.#encode(directive, context))
      else if (name === 'header') this.#later.push(() => this.#header(directive, context, 'response'))
      else if (name === 'request_header') this.#later.push(() => this.#header(directive, context, 'request'))
      else if (name === 'request_body') this.#later.push(() => this.#body(directive, context))
      else if (name === 'redir') this.#redirect(directive)
      else if (saidOf(directive)?.[0] === 'unsafe') this.#refuse(directive, context, saidOf(directive)![1])
    }
  }

  #nested(directive: Directive, context: Context): void {
    directive.used = true
    const { condition } = context.matchers.of(directive)
    const inner = directive.block ?? []
    const joined = condition && both(context.condition, condition)
    const strips =
      directive.name === 'handle_path'
        ? directive
        : inner.find(({ name, args }) => name === 'uri' || (name === 'rewrite' && args.length > 0))
    if (joined === undefined) return this.#draft.note('unconverted', directive, 'its condition has too many cases')
    this.#block(inner, {
      matchers: new Matchers(inner, context.matchers),
      condition: joined,
      rewrites: strips ?? context.rewrites,
    })
  }

  #condition(directive: Directive, { matchers, condition }: Context) {
    const { condition: own, rest } = matchers.of(directive)
    return { condition: own && both(condition, own), rest }
  }

  #proxy(directive: Directive, context: Context): void {
    directive.used = true
    const draft = this.#draft
    const { condition, rest } = this.#condition(directive, context)
    if (condition === undefined) return draft.note('unconverted', directive, 'its condition has too many cases')
    const pool = addProxy(draft, directive, rest)
    if (pool === undefined) return
    const made: Route[] = []
    for (const clause of condition) {
      for (const [match, listening] of this.#matches()) {
        const found = matchesOf(clause, [listening])
        if (typeof found === 'string') {
          draft.note(
            'unconverted',
            directive,
            `vigia can not match ${found}: these requests go where the next routes lead`,
          )
          break
        }
        for (const each of found) {
          const path = each.path ?? match.path
          const route = { ...match, ...each, ...(path === undefined ? {} : { path }) }
          const same = made.find(other => sameButListener(other.match, route))
          if (same !== undefined && same.match.listener !== undefined)
            same.match.listener = [...new Set([...same.match.listener, ...(match.listener ?? [])])]
          else if (same === undefined) made.push(draft.route(route, pool, directive.place))
        }
      }
      if (clause.some(({ kind }) => kind === 'path'))
        draft.note(
          'differs',
          directive,
          'vigia matches whole segments, and case counts: /web is /web and /web/x, not /website',
        )
    }
    for (const route of made) if (route.match.listener?.length === this.#all) delete route.match.listener
    this.#routes.push(...made)
    addProxyKeys(draft, directive, made)
    if (context.rewrites === undefined) return
    draft.note('unconverted', context.rewrites, NO_REWRITING)
    for (const route of made) todo(route, context.rewrites, NO_REWRITING)
  }

  /** The site itself, at each of its addresses; hosts of one listener together. */
  *#matches(): Iterable<[Match, Listening]> {
    const groups = new Map<string, Place[]>()
    for (const place of this.#places)
      groups.getOrInsertComputed(`${place.listening.name} ${place.path ?? ''}`, () => []).push(place)
    for (const group of groups.values()) {
      const { listening, path } = group[0]!
      const hosts = group.flatMap(({ host }) => host ?? [])
      const host = hosts.length < group.length ? {} : { host: hosts }
      yield [{ listener: [listening.name], ...host, ...(path === undefined ? {} : { path }) }, listening]
    }
  }

  #refuse(directive: Directive, context: Context, always?: string): void {
    const { condition } = this.#condition(directive, context)
    directive.used = true
    for (const each of directive.block ?? []) each.used = true
    this.#later.push(() => {
      if (condition === undefined) this.#draft.unsafe(directive, 'its condition has too many cases', this.#routes)
      else refuse(this.#draft, this.#routes, condition, directive, always)
    })
  }

  #auth(directive: Directive, context: Context): void {
    const why =
      directive.name === 'forward_auth'
        ? 'vigia asks no other service who may get in'
        : 'vigia asks nobody for a password'
    this.#refuse(directive, context, why)
  }

  #answer(directive: Directive, context: Context): void {
    const { rest } = this.#condition(directive, context)
    const status =
      directive.name === 'error'
        ? rest.find(each => /^\d{3}$/.test(each))
        : [...rest].reverse().find(each => /^\d{3}$/.test(each))
    const isRefusal =
      directive.name === 'abort' || /^4/.test(status ?? '') || (directive.name === 'error' && status === undefined)
    const isWhole = this.#condition(directive, context).condition?.every(clause => clause.length === 0)
    // Without a condition it answers what nothing before it has taken.
    if (isRefusal && isWhole === true) {
      directive.used = true
      this.#draft.note('differs', directive, 'vigia answers 404 where it has no route')
    } else if (isRefusal) this.#refuse(directive, context)
    else this.#draft.note('unconverted', directive, 'vigia answers nothing of its own: let an upstream do it')
    directive.used = true
    for (const each of directive.block ?? []) each.used = true
  }

  #redirect(directive: Directive): void {
    directive.used = true
    this.#draft.note(
      'unconverted',
      directive,
      'vigia leads to https only (redirect: https of a listener): let the application answer this',
    )
  }

  /** Routes that a directive is for; it is noted where these can't be told apart. */
  #meant(directive: Directive, context: Context): { routes: Route[]; rest: readonly string[] } {
    directive.used = true
    const { condition, rest } = this.#condition(directive, context)
    const isAll = condition?.every(clause => clause.length === 0) ?? false
    const paths = condition?.flatMap(clause =>
      clause.length === 1 && clause[0]!.kind === 'path' && !clause[0]!.not ? clause[0]!.values : ['?'],
    ) ?? ['?']
    const routes = isAll ? this.#routes : this.#routes.filter(({ match }) => paths.includes(match.path ?? '/'))
    if (routes.length === 0)
      this.#draft.note('unconverted', directive, 'it is for a part of what a route of vigia takes, or for none')
    return { routes, rest }
  }

  #encode(directive: Directive, context: Context): void {
    const { routes, rest } = this.#meant(directive, context)
    const codings = rest.filter(each => each === 'gzip' || each === 'zstd' || each === 'br')
    for (const each of directive.block ?? []) each.used = true
    for (const { keys } of routes) keys.compress = codings.length === 0 ? true : { codings }
  }

  #header(directive: Directive, context: Context, way: 'request' | 'response'): void {
    const { routes, rest } = this.#meant(directive, context)
    const lines = rest.length > 0 ? [{ directive, args: rest }] : []
    for (const each of directive.block ?? []) {
      each.used = true
      lines.push({ directive: each, args: [each.name, ...each.args] })
    }
    for (const { directive: line, args } of lines) {
      const hsts = /^[+>?]?strict-transport-security:?$/i.test(args[0] ?? '') ? hstsOf(args[1] ?? '') : undefined
      if (hsts === undefined) field(this.#draft, line, args, way, routes)
      else for (const { keys } of this.#draft.listeners) if (keys.tls !== undefined) keys.hsts = hsts
    }
  }

  #body(directive: Directive, context: Context): void {
    const { routes } = this.#meant(directive, context)
    const bytes = sizeBytes(takeLast(directive.block ?? [], 'max_size')?.args[0] ?? '')
    for (const { keys } of routes) if (bytes !== undefined) keys.maxBody = size(bytes)
  }
}
