// Traefik's documents as a draft: entry points as listeners, routers as routes by their priority, services as pools.

import { rangesOf } from '../access.ts'
import { duration, timeMs } from '../amounts.ts'
import { below, type Draft, type Entry as DraftEntry, type Route } from '../draft.ts'
import { hoist, noteRest } from '../finish.ts'
import { type Listening, matchesOf } from '../rules.ts'
import { certificates, noteClientAuth } from './certificates.ts'
import { applyMiddlewares, chainOf, leadsToHttps, protectsRouter } from './middlewares.ts'
import { parseRule } from './rule.ts'
import { Services } from './services.ts'
import { asDirectives, type Entry, entriesOf, entryOf, type Tree, takeEntry, textOf, textsOf } from './tree.ts'
import { saidOf } from './words.ts'

interface Point {
  readonly name: string
  readonly entry: DraftEntry
  readonly listening: Listening
  /** The entry point says itself that its routers have TLS. */
  readonly byPoint: boolean
}

/** What the names stand for in Traefik's own documentation, where no file says it. */
const USUAL_POINTS: Readonly<Record<string, string>> = { web: ':80', http: ':80', websecure: ':443', https: ':443' }

/** What is said of them holds for all within. */
const WHOLE = [
  'tcp',
  'udp',
  'docker',
  'api',
  'metrics',
  'ping',
  'tracing',
  'log',
  'accessLog',
  'swarm',
  'kubernetesIngress',
]

export function convertTraefik(trees: readonly Tree[], draft: Draft): void {
  const routers = trees.flatMap(tree => entriesOf(tree, 'http', 'routers'))
  const middlewares = trees.flatMap(tree => entriesOf(tree, 'http', 'middlewares'))
  const services = new Services(draft, trees)
  const points = pointsOf(draft, trees, routers)
  const parsed = routers.map(router => ({
    router,
    rule: textOf(router.tree, 'rule') ?? '',
    chain: chainOf(router, middlewares, beforeOf(router, trees)),
  }))
  const priority = ({ router, rule }: (typeof parsed)[number]) =>
    Number(textOf(router.tree, 'priority') ?? 0) || rule.length
  parsed.sort((a, b) => priority(b) - priority(a))
  for (const { router, chain } of parsed) {
    if (!leadsToHttps(chain) || entryOf(router.tree, 'tls') !== undefined) continue
    for (const { entry, listening } of pointsFor(router, points)) if (!listening.tls) entry.keys.redirect = 'https'
  }
  const served = points.filter(({ entry }) => entry.keys.redirect === undefined)
  const pending: { readonly router: Entry; readonly from: number }[] = []
  for (const { router, rule, chain } of parsed) {
    const from = draft.routes.length
    const routes = routesOf(draft, router, rule, services, pointsFor(router, served), () =>
      pending.push({ router, from }),
    )
    applyMiddlewares(draft, chain, routes, draft.listeners)
    noteClientAuth(draft, trees, router, routes)
  }
  // What a router protects that could not be matched would be open on the routes that its requests fall to.
  for (const { router, from } of pending) {
    const chain = parsed.find(each => each.router === router)!.chain
    if (chain.some(protectsRouter))
      draft.unsafe(router.directive, 'it protects what vigia can not match', draft.routes.slice(from))
  }
  for (const route of draft.routes) if (route.match.listener?.length === served.length) delete route.match.listener
  certificates(draft, trees)
  services.noteUnused()
  for (const each of middlewares) {
    if (each.directive.used) continue
    each.directive.used = true
    draft.note('needless', each.directive, 'no router has it')
  }
  hoist(draft)
  for (const tree of trees) {
    takeEntry(tree, 'providers', 'file')
    for (const key of ['filename', 'directory', 'watch']) takeEntry(tree, 'providers', 'file', key)
    noteRest(draft, asDirectives(tree), saidOf, WHOLE)
  }
}

/** Middlewares of the entry points at which a router is reached. */
function beforeOf({ tree }: Entry, trees: readonly Tree[]): string[] {
  const names = textsOf(tree, 'entryPoints')
  const points = trees.flatMap(each => entriesOf(each, 'entryPoints'))
  return points
    .filter(({ directive }) => names.length === 0 || names.includes(directive.name))
    .flatMap(point => textsOf(point.tree, 'http', 'middlewares'))
}

function pointsOf(draft: Draft, trees: readonly Tree[], routers: readonly Entry[]): Point[] {
  const tlsOn = new Set(
    routers.flatMap(({ tree }) => (entryOf(tree, 'tls') === undefined ? [] : textsOf(tree, 'entryPoints'))),
  )
  const found: Point[] = []
  const add = (name: string, address: string, entry: Entry) => {
    const listener = draft.listener(address, entry.directive.place)
    const byPoint = entryOf(entry.tree, 'http', 'tls') !== undefined
    const isTls = byPoint || tlsOn.has(name)
    if (isTls) below(listener.keys, 'tls')
    found.push({
      name,
      entry: listener,
      listening: { name: String(listener.keys.name), port: address.slice(address.lastIndexOf(':') + 1), tls: isTls },
      byPoint,
    })
    return listener
  }
  for (const point of trees.flatMap(tree => entriesOf(tree, 'entryPoints'))) {
    point.directive.used = true
    const address = (textOf(point.tree, 'address') ?? '').replace(/^0\.0\.0\.0:/, ':').replace(/^\*:/, ':')
    const plain = address.replace(/\/tcp$/, '')
    if (!/:\d+$/.test(plain)) {
      draft.note('unconverted', point.directive, `${address}: vigia listens on HOST:PORT over TCP`)
      continue
    }
    const leads = entryOf(point.tree, 'http', 'redirections') !== undefined
    if (!leads && !isNamed(point.directive.name, routers)) {
      draft.note('unconverted', point.directive, 'no router is reached here')
      for (const each of point.directive.block ?? []) each.used = true
      continue
    }
    pointKeys(draft, point, add(point.directive.name, plain, point))
  }
  if (found.length > 0) return found
  // The file with the entry points is another one.
  for (const router of routers) {
    for (const name of textsOf(router.tree, 'entryPoints')) {
      if (found.some(each => each.name === name)) continue
      const address = USUAL_POINTS[name.toLowerCase()]
      if (address === undefined)
        draft.note(
          'unconverted',
          router.directive,
          `where the entry point ${name} is, another file says: convert that one, with providers.file`,
        )
      else {
        add(name, address, router)
        draft.note(
          'differs',
          router.directive,
          `where the entry point ${name} is, another file says; ${address} was taken`,
        )
      }
    }
  }
  if (found.length === 0 && routers[0] !== undefined) add('web', ':80', routers[0])
  return found
}

/** Whether a router is reached there: those that name no entry point are reached at all. */
function isNamed(name: string, routers: readonly Entry[]): boolean {
  return (
    routers.some(({ tree }) => {
      const names = textsOf(tree, 'entryPoints')
      return names.length === 0 || names.includes(name)
    }) || routers.length === 0
  )
}

function pointKeys(draft: Draft, { tree, directive }: Entry, listener: DraftEntry): void {
  const to = takeEntry(tree, 'http', 'redirections', 'entryPoint')
  if (to !== undefined) {
    const scheme = textOf(to.tree, 'scheme') ?? 'https'
    for (const key of ['to', 'permanent', 'priority']) takeEntry(to.tree, key)
    if (scheme === 'https' && listener.keys.tls === undefined) {
      listener.keys.redirect = 'https'
      draft.note('differs', to.directive, 'vigia answers 308, which repeats a POST as one')
    } else draft.note('unconverted', to.directive, 'vigia leads to https only')
  }
  takeEntry(tree, 'http', 'tls')
  takeEntry(tree, 'asDefault')
  const trusted = textsOf(tree, 'forwardedHeaders', 'trustedIPs').flatMap(rangesOf)
  if (trusted.length > 0)
    draft.settings.trustedProxies = [
      ...new Set([...((draft.settings.trustedProxies as string[] | undefined) ?? []), ...trusted]),
    ]
  const insecure = takeEntry(tree, 'forwardedHeaders', 'insecure')
  if (textOf(insecure?.tree) === 'true')
    draft.note('differs', insecure!.directive, 'vigia believes X-Forwarded-* of those in trustedProxies only')
  const senders = textsOf(tree, 'proxyProtocol', 'trustedIPs').flatMap(rangesOf)
  if (senders.length > 0) listener.keys.proxyProtocol = { from: senders, others: 'direct' }
  else if (textOf(tree, 'proxyProtocol', 'insecure') === 'true')
    draft.unsafe(
      directive,
      'vigia has to know who may say who the client is: proxyProtocol: { from: [ADDRESS] } of the listener',
      [],
    )
  const idle = timeMs(textOf(tree, 'transport', 'respondingTimeouts', 'idleTimeout') ?? '', 1000)
  if (idle !== undefined && idle > 0) below(draft.settings, 'timeouts').keepAlive = duration(idle)
}

function pointsFor({ tree }: Entry, points: readonly Point[]): Point[] {
  const names = textsOf(tree, 'entryPoints')
  return points.filter(({ name }) => names.length === 0 || names.includes(name))
}

function routesOf(
  draft: Draft,
  router: Entry,
  rule: string,
  services: Services,
  points: readonly Point[],
  unmatched: () => void,
): Route[] {
  const { directive, tree } = router
  directive.used = true
  for (const key of ['rule', 'ruleSyntax', 'priority', 'entryPoints', 'middlewares']) takeEntry(tree, key)
  const isTls = entryOf(tree, 'tls') !== undefined
  takeEntry(tree, 'tls', 'certResolver')
  takeEntry(tree, 'tls', 'options')
  takeEntry(tree, 'tls', 'domains')
  const service = textOf(tree, 'service')
  const condition = parseRule(rule)
  if (condition === undefined) {
    unmatched()
    draft.note('unconverted', directive, `its rule is not understood: ${rule.slice(0, 60)}`)
    return []
  }
  // A router with tls is reached by TLS only, one without by plain connections only.
  const own = points.filter(({ listening, byPoint }) => listening.tls === isTls || byPoint)
  if (own.length === 0) {
    if (points.length > 0)
      draft.note(
        'unconverted',
        directive,
        'its entry points speak TLS to others, and vigia speaks one of both on a port',
      )
    return []
  }
  const pool = service === undefined ? undefined : services.poolOf(service)
  if (pool === undefined) {
    draft.note('unconverted', directive, `there is no service ${service ?? ''} that vigia can reach`)
    return []
  }
  const routes: Route[] = []
  for (const clause of condition) {
    const matches = matchesOf(
      clause,
      own.map(({ listening }) => listening),
    )
    if (typeof matches === 'string') {
      unmatched()
      draft.note(
        'unconverted',
        directive,
        `vigia can not match ${matches}: these requests go where the next routes lead`,
      )
      continue
    }
    const listener = own.map(({ listening }) => listening.name)
    for (const match of matches) routes.push(draft.route({ listener, ...match }, pool, directive.place))
    if (clause.some(({ kind }) => kind === 'path'))
      draft.note(
        'differs',
        directive,
        'vigia matches whole segments, and all below: /web is /web and /web/x, not /website',
      )
  }
  const same = foldHosts(draft, routes)
  for (const route of same) services.addTimes(service!, route)
  return same
}

/** `Host(a) || Host(b)` are one route. */
function foldHosts(draft: Draft, routes: readonly Route[]): Route[] {
  const kept: Route[] = []
  for (const route of routes) {
    const twin = kept.find(
      each =>
        each.match.host !== undefined &&
        route.match.host !== undefined &&
        JSON.stringify({ ...each.match, host: 0 }) === JSON.stringify({ ...route.match, host: 0 }),
    )
    if (twin === undefined) kept.push(route)
    else {
      twin.match.host = [...new Set([...twin.match.host!, ...route.match.host!])]
      draft.routes.splice(draft.routes.indexOf(route), 1)
    }
  }
  return kept
}
