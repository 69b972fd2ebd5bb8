// A `frontend` (or the same half of a `listen`): its listeners, its routes in the order of its `use_backend` lines, and its rules.

import { duration, timeMs } from '../amounts.ts'
import { type Directive, type Surroundings, take } from '../directive.ts'
import { below, type Draft, type Route } from '../draft.ts'
import { type Clause, type Listening, matchesOf } from '../rules.ts'
import { addTimes } from './backends.ts'
import { addBinds } from './binds.ts'
import { Conditions } from './conditions.ts'
import type { Section } from './read.ts'
import { applyRules, httpsRedirect, isRule } from './rules.ts'
import { lastOf } from './section-lines.ts'

export interface Backends {
  /** The name of the pool; undefined = there is none that vigia can reach. */
  poolOf(name: string): string | undefined
  sectionOf(name: string): Section | undefined
}

export function addFrontend(
  draft: Draft,
  section: Section,
  crtBase: string,
  backends: Backends,
  around: Surroundings,
): void {
  const { lines } = section
  const conditions = new Conditions(lines, around)
  const bound = addBinds(draft, section, crtBase, around)
  const redirects = httpsRedirect(draft, lines)
  for (const { entry, listening } of bound) if (redirects && !listening.tls) entry.keys.redirect = 'https'
  const served = bound.filter(({ entry }) => entry.keys.redirect === undefined).map(({ listening }) => listening)
  const routes: Route[] = []
  const pending: { readonly rule: Directive; readonly from: number }[] = []
  for (const rule of take(lines, 'use_backend'))
    useBackend(
      {
        draft,
        conditions,
        served,
        routes,
        backends,
        around,
        unmatched: () => pending.push({ rule, from: routes.length }),
      },
      rule,
    )
  const fallback = lastOf(section, 'default_backend')
  const own = section.kind === 'listen' ? section.name : fallback?.args[0]
  const pool = own === undefined ? undefined : backends.poolOf(own)
  if (pool !== undefined && served.length > 0)
    routes.push(addRoute(draft, {}, pool, fallback?.place ?? section.place, own!, backends))
  else if (own !== undefined && pool === undefined && fallback !== undefined)
    draft.note('unconverted', fallback, 'there is no backend of this name that vigia can reach')
  for (const route of routes) route.match.listener ??= served.map(({ name }) => name)
  // What a backend protects that could not be matched would be open on the routes that its requests fall to.
  for (const { rule, from } of pending) {
    if (backends.sectionOf(rule.args[0] ?? '')?.lines.some(refuses))
      draft.unsafe(rule, 'its backend protects what vigia can not match', routes.slice(from))
  }
  clientTimes(draft, section)
  compression(section, routes)
  const context = { draft, conditions, listeners: bound.map(({ entry }) => entry), around }
  applyRules(context, rulesOf(section.defaults), routes)
  applyRules(context, lines, routes)
  for (const route of routes) {
    const backend = backends.sectionOf(backendOf(route)!)
    if (backend === undefined || backend === section) continue
    const own = { ...context, conditions: new Conditions(backend.lines, around) }
    if (backend.defaults !== section.defaults) applyRules(own, rulesOf(backend.defaults), [route])
    applyRules(own, rulesOf(backend.lines), [route])
    compression(backend, [route])
  }
  for (const acl of conditions.unused) {
    acl.used = true
    draft.note('needless', acl, 'no rule that was converted asks for it')
  }
}

/** Rules that hold for more than one route by themselves: they are decided, and decided anew for each. */
function rulesOf(lines: readonly Directive[]): Directive[] {
  return lines.flatMap(line => {
    if (!isRule(line)) return []
    line.used = true
    return { ...line, used: false }
  })
}

/** Which backend each route leads to: a pool may have another name. */
const BACKENDS = new WeakMap<object, string>()

function backendOf(route: Route): string | undefined {
  return BACKENDS.get(route)
}

function addRoute(
  draft: Draft,
  match: Route['match'],
  pool: string,
  place: Directive['place'],
  name: string,
  backends: Backends,
): Route {
  const route = draft.route({ ...match }, pool, place)
  BACKENDS.set(route, name)
  addTimes(backends.sectionOf(name)!, route)
  return route
}

interface Rules {
  readonly draft: Draft
  readonly conditions: Conditions
  readonly served: readonly Listening[]
  readonly routes: Route[]
  readonly backends: Backends
  readonly around: Surroundings
  /** Told where requests go elsewhere than the rule says. */
  readonly unmatched: () => void
}

function refuses({ name, args }: Directive): boolean {
  const action = name === 'tcp-request' ? args[1] : name === 'http-request' ? args[0] : undefined
  return action !== undefined && /^(?:deny|auth|tarpit|reject|silent-drop)$/.test(action)
}

function useBackend({ draft, conditions, served, routes, backends, around, unmatched }: Rules, rule: Directive): void {
  const [name = ''] = rule.args
  const condition = conditions.of(rule.args.slice(1), rule.place)
  if (condition === undefined) {
    unmatched()
    return draft.note('unconverted', rule, 'its condition has too many cases')
  }
  const targets = name.includes('%[') ? mapped(name, rule, around) : [{ name, tests: [] }]
  if (targets === undefined)
    return draft.note(
      'unconverted',
      rule,
      'vigia has no names that come from a request; a map of hosts or of the beginnings of paths is read',
    )
  for (const target of targets) {
    const pool = backends.poolOf(target.name)
    if (pool === undefined) {
      draft.note('unconverted', rule, `there is no backend ${target.name} that vigia can reach`)
      continue
    }
    for (const clause of condition) {
      const matches = matchesOf([...clause, ...target.tests], served)
      if (typeof matches === 'string') {
        unmatched()
        draft.note('unconverted', rule, `vigia can not match ${matches}: these requests go where the next routes lead`)
      } else for (const match of matches) routes.push(addRoute(draft, match, pool, rule.place, target.name, backends))
      sayOfPaths(draft, rule, clause)
    }
  }
}

function sayOfPaths(draft: Draft, rule: Directive, clause: Clause): void {
  const [path] = clause.filter(({ kind }) => kind === 'path')
  if (path !== undefined)
    draft.note(
      'differs',
      rule,
      'vigia matches whole segments, case counts, and all below: /web is /web and /web/x, not /website',
    )
}

/** `%[req.hdr(host),lower,map(FILE,DEFAULT)]`: the entries of the file, each with its test. */
function mapped(name: string, rule: Directive, around: Surroundings): { name: string; tests: Clause }[] | undefined {
  const [, sample, way = '', args = ''] =
    /^%\[(?:req\.)?(hdr\(host\)|path|base)(?:,lower|,field\(1,:\)|,word\(1,:\)|,host_only)*,map(_str|_beg|_dom|_end)?\(([^)]*)\)\]$/i.exec(
      name,
    ) ?? []
  const [file = '', fallback] = args.split(',')
  const isHost = sample?.toLowerCase().startsWith('hdr') === true && (way === '' || way === '_str')
  const isPath = sample === 'path' && way === '_beg'
  if (!isHost && !isPath) return undefined
  const folder = rule.place.file.includes('/') ? rule.place.file.slice(0, rule.place.file.lastIndexOf('/') + 1) : ''
  const text = around.read(file) ?? (file.startsWith('/') ? undefined : around.read(folder + file))
  const entries = text
    ?.split(/\r?\n/)
    .map(line => line.trim().split(/\s+/))
    .filter(([key = '']) => key !== '' && !key.startsWith('#'))
  if (entries === undefined) return undefined
  // Of beginnings the longest counts.
  if (isPath) entries.sort(([a = ''], [b = '']) => b.length - a.length)
  const kind = isHost ? 'host' : 'path'
  return [
    ...entries.map(([key = '', target = '']) => ({
      name: target,
      tests: [{ kind, values: [isHost ? key.toLowerCase() : key], not: false, text: key }] as Clause,
    })),
    ...(fallback === undefined ? [] : [{ name: fallback, tests: [] }]),
  ]
}

function clientTimes(draft: Draft, section: Section): void {
  const set = (keyword: string, key: string) => {
    const ms = timeMs(lastOf(section, `timeout ${keyword}`)?.args[1] ?? '', 1)
    if (ms !== undefined && ms > 0) below(draft.settings, 'timeouts')[key] = duration(ms)
  }
  set('http-request', 'head')
  set('http-keep-alive', 'keepAlive')
  const client = lastOf(section, 'timeout client')
  if (client !== undefined)
    draft.note('differs', client, 'vigia ends a quiet client after timeouts.idle, which comes from timeout server here')
  const proxies = lastOf(section, 'timeout client-fin')
  if (proxies !== undefined) draft.note('needless', proxies, '')
}

function compression(section: Section, routes: readonly Route[]): void {
  const algo = lastOf(section, 'compression algo') ?? lastOf(section, 'compression algo-res')
  const types = lastOf(section, 'compression type') ?? lastOf(section, 'compression type-res')
  const offload = lastOf(section, 'compression offload')
  if (algo === undefined) return
  const keys = {
    ...(types === undefined
      ? {}
      : { types: types.args.slice(1).map(each => (each.endsWith('/') ? `${each}*` : each)) }),
    ...(offload === undefined ? {} : { offload: true }),
  }
  for (const route of routes) route.keys.compress = Object.keys(keys).length === 0 ? true : { ...keys }
}
