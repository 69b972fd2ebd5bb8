// nginx's configuration as a draft: listeners, routes in the order in which nginx decides, and pools.

import { rangesOf } from '../access.ts'
import { type Directive, take } from '../directive.ts'
import { below, type Draft, type Entry } from '../draft.ts'
import { hoist, noteRest, protects } from '../finish.ts'
import { addServerHeaders } from './headers.ts'
import { Locations } from './locations.ts'
import { Pools } from './pools.ts'
import { clientTimes } from './route-keys.ts'
import { inherited, one } from './scope.ts'
import { addClients, addTls, asksClients, httpsRedirect, joinedAddress, readServer, type Server } from './servers.ts'
import { saidOf } from './words.ts'

export function convertNginx(root: readonly Directive[], draft: Draft): void {
  const blocks = take(root, 'http')
  const http = blocks.length > 0 ? blocks.flatMap(({ block }) => block ?? []) : root
  const servers = take(http, 'server').map(each => readServer(each, http, draft))
  const pools = new Pools(
    draft,
    http.filter(({ name }) => name === 'upstream'),
  )
  noteConnectionMap(http)
  trustedProxies(draft, [http, ...servers.map(({ directive }) => directive.block ?? [])])
  resolvers(draft, http)

  const addresses = servers.flatMap(({ listens }) => listens.map(({ address }) => address))
  const groups = new Map<string, Server[]>()
  for (const server of servers) {
    for (const { address, directive } of server.listens) {
      const joined = joinedAddress(address, addresses)
      draft.listener(joined, directive.place)
      const group = groups.getOrInsertComputed(joined, () => [])
      if (!group.includes(server)) group.push(server)
    }
  }
  const listeners = new Map(
    [...groups.keys()].map(address => [address, draft.listeners.find(({ keys }) => keys.address === address)!]),
  )
  const redirected = new Map<Server, Set<string>>()
  for (const [address, group] of groups) {
    const listener = listeners.get(address)!
    listenerKeys(draft, listener, group, addresses)
    if (!isTls(group, address, addresses)) redirectOf(draft, listener, group, address, redirected)
  }
  for (const { names, on, server } of inOrder(groups, redirected)) {
    const listener = on.map(address => String(listeners.get(address)!.keys.name))
    const match = {
      ...(on.length === groups.size - redirectsOnly(draft) ? {} : { listener }),
      ...(names === undefined ? {} : { host: names }),
    }
    if (isClosed(server)) closedServer(draft, server)
    else {
      const asks = on.every(address => asksClients(listeners.get(address)!))
      new Locations(draft, pools, server, match, asks).convert()
    }
    for (const address of on) addServerHeaders(draft, server.levels, listeners.get(address)!)
  }
  for (const { levels } of servers) clientTimes(draft, levels)
  for (const { namesLeftOut, exact, wildcard, directive } of servers) {
    const hasNames = exact.length > 0 || wildcard.length > 0
    if (namesLeftOut && !hasNames && protects(directive, ({ name }) => saidOf(name)))
      draft.unsafe(directive, 'it protects hosts that vigia can not match', draft.routes)
  }
  pools.noteUnused()
  hoist(draft)
  noteRest(draft, root, ({ name }) => saidOf(name), ['map', 'geo', 'split_clients', 'match'])
}

/** Listeners that only lead to https serve no route. */
function redirectsOnly({ listeners }: Draft): number {
  return listeners.filter(({ keys }) => keys.redirect !== undefined).length
}

interface Part {
  readonly server: Server
  /** Undefined = whatever host. */
  readonly names: readonly string[] | undefined
  /** Addresses. */
  readonly on: readonly string[]
}

/** As nginx decides: the exact name, then the longest with *, then the default server of the address. */
function inOrder(
  groups: ReadonlyMap<string, readonly Server[]>,
  redirected: ReadonlyMap<Server, ReadonlySet<string>>,
): Part[] {
  const exact: Part[] = []
  const wildcard: Part[] = []
  const rest: Part[] = []
  const servers = new Set([...groups.values()].flat())
  for (const server of servers) {
    const served = [...groups].filter(
      ([address, group]) => group.includes(server) && !redirected.get(server)?.has(address),
    )
    const isDefault = ([address, group]: readonly [string, readonly Server[]]) => defaultOf(group, address) === server
    const asDefault = served.filter(isDefault)
    // The default server takes its own names anyway, unless another one has a name with * that takes them before.
    const named = served.filter(
      entry =>
        !isDefault(entry) ||
        entry[1].some(other => other !== server && (other.wildcard.length > 0 || server.wildcard.length > 0)),
    )
    // Where no other has names, none of them has to go first.
    const isAlone = served.every(([, group]) =>
      group.every(other => other === server || (other.exact.length === 0 && other.wildcard.length === 0)),
    )
    const on = (entries: readonly (readonly [string, unknown])[]) => entries.map(([address]) => address)
    const names = isAlone ? [...server.exact, ...server.wildcard] : server.exact
    if (named.length > 0 && names.length > 0) exact.push({ server, names, on: on(named) })
    for (const name of named.length > 0 && !isAlone ? server.wildcard : [])
      wildcard.push({ server, names: [name], on: on(named) })
    if (asDefault.length > 0) rest.push({ server, names: undefined, on: on(asDefault) })
  }
  wildcard.sort((a, b) => b.names![0]!.length - a.names![0]!.length)
  return [...exact, ...wildcard, ...rest]
}

function defaultOf(group: readonly Server[], address: string): Server | undefined {
  const port = address.slice(address.lastIndexOf(':'))
  return group.find(({ listens }) => listens.some(each => each.isDefault && each.address.endsWith(port))) ?? group[0]
}

function isTls(group: readonly Server[], address: string, addresses: readonly string[]): boolean {
  return group.some(({ listens }) =>
    listens.some(each => each.tls && joinedAddress(each.address, addresses) === address),
  )
}

function listenerKeys(draft: Draft, listener: Entry, group: readonly Server[], addresses: readonly string[]): void {
  const address = String(listener.keys.address)
  const listens = group.flatMap(server =>
    server.listens
      .filter(each => joinedAddress(each.address, addresses) === address)
      .map(listen => ({ server, listen })),
  )
  const first = defaultOf(group, address)
  const withTls = [...listens].sort((a, b) => Number(b.server === first) - Number(a.server === first))
  for (const { server, listen } of withTls) if (listen.tls) addTls(listener, server, draft)
  addClients(
    listener,
    listens.filter(({ listen }) => listen.tls).map(({ server }) => server),
  )
  const tls = listener.keys.tls as { http2?: boolean } | undefined
  const http2 = group.flatMap(({ levels }) => inherited(levels, 'http2'))
  if (
    tls !== undefined &&
    !listens.some(({ listen }) => listen.directive.args.includes('http2')) &&
    !http2.some(({ args }) => args[0] === 'on')
  )
    draft.note(
      'differs',
      listens[0]!.listen.directive,
      'vigia offers HTTP/2 to clients on this listener: tls: { http2: false } takes that back',
    )
  const proxied = listens.find(({ listen }) => listen.directive.args.includes('proxy_protocol'))
  if (proxied === undefined) return
  const from = group
    .flatMap(({ levels }) => inherited(levels, 'set_real_ip_from'))
    .flatMap(({ args }) => rangesOf(args[0] ?? ''))
  if (from.length > 0) listener.keys.proxyProtocol = { from: [...new Set(from)] }
  else
    draft.unsafe(
      proxied.listen.directive,
      'vigia has to know who may say who the client is: proxyProtocol: { from: [ADDRESS] } of the listener',
      [],
    )
}

/** Where all servers of a listener do nothing but lead to https, the listener does. */
function redirectOf(
  draft: Draft,
  listener: Entry,
  group: readonly Server[],
  address: string,
  redirected: Map<Server, Set<string>>,
): void {
  const found = group.map(server => ({ server, redirect: httpsRedirect(server) }))
  const all = found.every(({ server, redirect }) => redirect !== undefined || isClosed(server))
  for (const { server, redirect } of found) {
    if (redirect === undefined && !(all && isClosed(server))) continue
    redirected.getOrInsertComputed(server, () => new Set<string>()).add(address)
    for (const each of redirect === undefined ? [] : [redirect, ...(redirect.block ?? [])]) each.used = true
    if (all) {
      listener.keys.redirect = 'https'
      if (redirect !== undefined)
        draft.note('differs', redirect, 'vigia answers 308, which repeats a POST as one, for every host')
    } else if (redirect !== undefined)
      draft.note(
        'unconverted',
        redirect,
        'vigia leads all hosts of a listener to https, or none; these hosts are answered 404 here',
      )
    const isOnly = server.listens.every(each => !each.tls)
    if (isOnly) for (const each of server.directive.block ?? []) if (!each.used && saysLittle(each)) each.used = true
  }
}

function closedServer(draft: Draft, { directive }: Server): void {
  for (const each of directive.block ?? []) {
    if (!saysLittle(each)) continue
    each.used = true
    draft.note('differs', each, 'vigia answers 404 where it has no route')
  }
}

/** A server that answers nothing: `return 444`. */
function isClosed({ directive }: Server): boolean {
  const block = directive.block ?? []
  return (
    block.some(({ name, args }) => name === 'return' && /^4\d\d$/.test(args[0] ?? '')) &&
    !block.some(({ name }) => name === 'location')
  )
}

function saysLittle({ name, args }: Directive): boolean {
  return name === 'return' && /^4\d\d$/.test(args[0] ?? '')
}

/** The map that every WebSocket howto has. */
function noteConnectionMap(http: readonly Directive[]): void {
  for (const map of http) {
    if (map.name !== 'map' || map.args[0] !== '$http_upgrade') continue
    map.used = true
    for (const each of map.block ?? []) each.used = true
  }
}

function trustedProxies(draft: Draft, blocks: readonly (readonly Directive[])[]): void {
  const from = blocks.flatMap(block => take(block, 'set_real_ip_from'))
  const header = blocks.flatMap(block => [
    ...take(block, 'real_ip_header'),
    ...take(block, 'real_ip_recursive').filter(() => false),
  ])
  const name = header.at(-1)?.args[0]?.toLowerCase()
  if (from.length === 0 || name === 'proxy_protocol') return
  if (name !== 'x-forwarded-for')
    draft.note('differs', header.at(-1) ?? from[0]!, 'vigia learns the client from X-Forwarded-For of these proxies')
  const ranges = from.flatMap(each => {
    const found = rangesOf(each.args[0] ?? '')
    if (found.length === 0) draft.note('unconverted', each, 'vigia takes addresses and ranges')
    return found
  })
  if (ranges.length > 0) draft.settings.trustedProxies = [...new Set(ranges)]
}

function resolvers(draft: Draft, http: readonly Directive[]): void {
  const resolver = one([http], 'resolver')
  const servers = (resolver?.args ?? []).filter(each =>
    /^(?:\d+(?:\.\d+){3}(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)$/.test(each),
  )
  if (servers.length > 0) below(draft.settings, 'dns').servers = servers
}
