// The locations of one `server` as routes, the longest path first, as nginx chooses among prefixes.

import { accessFrom } from '../access.ts'
import type { Directive } from '../directive.ts'
import {
  accessOf,
  close,
  type Draft,
  denyPaths,
  guardNeighbours,
  type Match,
  mayHold,
  type Route,
  todo,
} from '../draft.ts'
import { protects } from '../finish.ts'
import { addHeaders } from './headers.ts'
import { methodsOf, type Pattern, patternOf } from './patterns.ts'
import type { Pools } from './pools.ts'
import { isRefusal, OTHER_PROTECTION, refusalIn } from './refusals.ts'
import { addBounds } from './route-keys.ts'
import { inherited, type Levels, one, own } from './scope.ts'
import type { Server } from './servers.ts'
import { saidOf } from './words.ts'

const NO_REWRITING =
  'vigia passes on the path of a request as it is, and does not cut or put in its beginning: let the application serve under this path'
const FALLS = 'requests for these paths go where the routes for shorter paths lead'

interface Location extends Pattern {
  readonly directive: Directive
  readonly levels: Levels
}

export class Locations {
  readonly #draft: Draft
  readonly #pools: Pools
  readonly #server: Server
  readonly #match: Match
  readonly #asksClients: boolean
  readonly #named = new Map<string, Directive>()
  readonly #routes: Route[] = []

  /** @param asksClients its listeners ask clients for the certificates that it asks for */
  constructor(draft: Draft, pools: Pools, server: Server, match: Match, asksClients: boolean) {
    this.#draft = draft
    this.#pools = pools
    this.#server = server
    this.#match = match
    this.#asksClients = asksClients
  }

  convert(): void {
    const { levels } = this.#server
    const found: Location[] = []
    this.#collect(levels, found)
    const whole = {
      directive: this.#server.directive,
      levels,
      paths: ['/'],
      globs: ['/*'],
      isExact: false,
      ignoresCase: false,
    }
    const plain = found.filter(({ paths }) => paths !== undefined)
    const longest = ({ paths }: Location) => Math.max(...paths!.map(path => path.length))
    plain.sort((a, b) => longest(b) - longest(a) || Number(b.isExact) - Number(a.isExact))
    const closed: Location[] = []
    for (const each of plain) if (!this.#route(each)) closed.push(each)
    for (const { match, keys } of this.#routes) {
      if (keys.access !== undefined && match.path !== undefined) guardNeighbours(this.#routes, match.path)
    }
    for (const each of found) if (each.paths === undefined) closed.push(each)
    for (const each of closed) this.#withoutRoute(each)
    this.#conditions(whole)
    if (this.#routes.length === 0)
      this.#draft.note(
        'unconverted',
        this.#server.directive,
        'none of its locations leads to an upstream that vigia can speak to',
      )
  }

  #collect(levels: Levels, found: Location[]): void {
    for (const directive of levels[0]!) {
      if (directive.name !== 'location') continue
      const [first = '', second] = directive.args
      if (first.startsWith('@')) this.#named.set(first, directive)
      else {
        const location = { directive, levels: [directive.block ?? [], ...levels], ...patternOf(first, second) }
        found.push(location)
        this.#collect(location.levels, found)
      }
    }
  }

  /** @returns whether it made routes */
  #route(location: Location): boolean {
    const { levels, paths } = location
    // Nobody outside gets there, whatever else it says.
    if (levels[0]!.some(each => each.name === 'internal' || isRefusal(each))) return false
    const pass = this.#passOf(levels)
    if (pass === undefined) return false
    const target = this.#pools.target(pass.directive, pass.levels)
    if (target === undefined) return false
    location.directive.used = true
    const routes: Route[] = []
    for (const path of paths!) {
      const match = { ...this.#match, ...(path === '/' && !location.isExact ? {} : { path }) }
      routes.push(...this.#methods(location, match, target.pool))
    }
    this.#routes.push(...routes)
    this.#differences(location, target.uri, pass.directive, routes)
    addBounds(this.#draft, pass.levels, routes)
    addHeaders(this.#draft, pass.levels, pass.directive, routes)
    this.#access(location, routes)
    return true
  }

  /** `proxy_pass` of the location, or of the one that `try_files` ends in. */
  #passOf(levels: Levels): { directive: Directive; levels: Levels } | undefined {
    const pass = own(levels, 'proxy_pass')
    if (pass !== undefined) return { directive: pass, levels }
    const files = levels[0]!.find(({ name }) => name === 'try_files')
    const named = this.#named.get(files?.args.at(-1) ?? '')
    const inner = named?.block?.find(({ name }) => name === 'proxy_pass')
    if (named === undefined || inner === undefined) return undefined
    named.used = true
    return { directive: inner, levels: [named.block ?? [], ...this.#server.levels] }
  }

  /** `limit_except GET { deny all; }`: a route for these methods, and a closed one for all others. */
  #methods(location: Location, match: Match, pool: string): Route[] {
    const limit = own(location.levels, 'limit_except')
    const place = location.directive.place
    const open = this.#draft.route(
      { ...match, ...(limit === undefined ? {} : { method: methodsOf(limit) }) },
      pool,
      place,
    )
    if (limit === undefined) return [open]
    const inner = limit.block ?? []
    for (const each of inner) each.used = true
    const others = this.#draft.route(match, pool, limit.place)
    if (inner.length === 1 && inner[0]!.name === 'deny' && inner[0]!.args[0] === 'all') close(others)
    else
      this.#draft.unsafe(
        limit,
        'vigia can say who may use a method by routes with `match: { method: ... }` and `access`',
        [others],
      )
    return [open, others]
  }

  #differences(
    { directive, isExact, paths }: Location,
    uri: string | undefined,
    pass: Directive,
    routes: readonly Route[],
  ): void {
    const draft = this.#draft
    const [only] = paths!.length === 1 ? paths! : []
    if (uri !== undefined && uri !== only) {
      draft.note('unconverted', pass, NO_REWRITING)
      for (const route of routes) todo(route, pass, NO_REWRITING)
    }
    if (isExact) draft.note('differs', directive, 'vigia matches this path and all below it')
    else if (paths!.some(path => path !== '/'))
      draft.note('differs', directive, 'vigia matches whole segments: /web is /web and /web/x, not /website')
  }

  /** Who may use the routes of a location. */
  #access({ levels }: Location, routes: readonly Route[]): void {
    const draft = this.#draft
    const rules = inherited(levels, ['allow', 'deny'])
    const asked = ['auth_basic', 'auth_request', 'auth_jwt', 'auth_digest']
      .map(name => one(levels, name))
      .find(each => each !== undefined && each.args[0] !== 'off')
    const satisfy = one(levels, 'satisfy')
    const client = one(levels, 'ssl_verify_client')
    const access = accessFrom(rules.map(({ name, args }) => ({ allow: name === 'allow', who: args[0] ?? '' })))
    if (access === undefined)
      draft.unsafe(
        rules[0]!,
        'vigia compares a denial before what is allowed: say who gets in with access: { allow, deny }',
        routes,
      )
    else if (access === 'nobody') for (const route of routes) close(route)
    else if (Object.keys(access).length > 0) for (const route of routes) Object.assign(accessOf(route), access)
    if (asked !== undefined) {
      const isAny =
        satisfy?.args[0] === 'any' && access !== undefined && access !== 'nobody' && access.allow !== undefined
      if (isAny) {
        const message = 'vigia asks nobody for a password: of those that could choose, only the addresses get in'
        draft.note('unsafe', asked, message)
        for (const route of routes) todo(route, asked, message)
      } else draft.unsafe(asked, saidOf(asked.name)?.[1] ?? '', routes)
    }
    if (client !== undefined && client.args[0] !== 'off' && !this.#asksClients)
      draft.unsafe(
        client,
        'vigia asks all clients of a listener for a certificate, by one list: tls: { clients: { caFile } }',
        routes,
      )
    for (const name of OTHER_PROTECTION) {
      for (const each of inherited(levels, name))
        if (each.args[0] !== 'off') draft.unsafe(each, saidOf(name)?.[1] ?? '', routes)
    }
  }

  /** A location that leads to no upstream: what it protects is closed on the routes that now take its requests. */
  #withoutRoute(location: Location): void {
    const { directive, levels, globs, paths } = location
    const draft = this.#draft
    directive.used = true
    const block = directive.block ?? []
    const answer = block.find(isRefusal)
    const rules = inherited([block], ['allow', 'deny'])
    const internal = own(levels, 'internal')
    const access = accessFrom(rules.map(({ name, args }) => ({ allow: name === 'allow', who: args[0] ?? '' })))
    if (answer !== undefined) answer.used = true
    const deniesAll = answer !== undefined || internal !== undefined || access === 'nobody'
    const protecting = block.find(each => protects(each, ({ name }) => saidOf(name)) || refusalIn(each) !== undefined)
    if (!deniesAll) {
      if (protecting !== undefined) return this.#close(location, protecting, saidOf(protecting.name)?.[1] ?? '')
      if (access === undefined || Object.keys(access).length > 0)
        return this.#close(
          location,
          rules[0]!,
          'only some clients may use these paths, and no route of their own leads to them',
        )
      const pass = block.find(({ name }) => name === 'proxy_pass')
      if (pass !== undefined && paths === undefined)
        draft.note('unconverted', directive, `vigia matches paths by their beginning: ${FALLS}`)
      else draft.note('unconverted', directive, FALLS)
      if (pass !== undefined) pass.used = true
      return
    }
    if (globs === undefined)
      return this.#close(location, directive, 'vigia denies paths with *, and no regular expressions')
    this.#deny(location, globs)
    draft.note(
      'differs',
      directive,
      'vigia answers 403 for these paths, whatever the status was; look whether * denies more than it should',
    )
  }

  #close(location: Location, directive: Directive, message: string): void {
    const { globs } = location
    const draft = this.#draft
    const routes = this.#routes.filter(
      route => globs === undefined || globs.some(glob => mayHold(route.match.path ?? '/', glob)),
    )
    if (globs === undefined) return draft.unsafe(directive, message, routes)
    draft.note('unsafe', directive, message)
    this.#deny(location, globs)
    for (const route of routes)
      todo(route, directive, `${message}; until you decide ${globs.join(', ')} are answered 403`)
  }

  #deny({ ignoresCase, isExact, paths }: Location, globs: readonly string[]): void {
    const exact = isExact ? paths! : globs
    for (const route of this.#routes) {
      if (!exact.some(glob => mayHold(route.match.path ?? '/', glob))) continue
      denyPaths(route, exact)
      if (ignoresCase) this.#draft.pools.get(route.pool)!.keys.paths = { ignoreCase: true }
    }
  }

  /** `if` with an answer in it: it protects everything that the block leads to. */
  #conditions(whole: Location): void {
    const search = (block: readonly Directive[], routes: readonly Route[]) => {
      for (const each of block) {
        if (each.name === 'location') continue
        const refusal = refusalIn(each)
        if (refusal === undefined || each.used) continue
        each.used = true
        for (const inner of each.block!) inner.used = true
        this.#draft.unsafe(each, 'vigia decides by listener, host, path, method and address, not by variables', routes)
      }
    }
    search(whole.levels[0]!, this.#routes)
    for (const route of this.#routes) {
      const location = this.#locationAt(whole.levels[0]!, route)
      if (location !== undefined) search(location.block ?? [], [route])
    }
  }

  #locationAt(block: readonly Directive[], route: Route): Directive | undefined {
    const at = route.comments[0]
    for (const each of block) {
      if (each.name !== 'location') continue
      if (`${each.place.file}:${each.place.line}` === at) return each
      const inner = this.#locationAt(each.block ?? [], route)
      if (inner !== undefined) return inner
    }
    return undefined
  }
}
