// Traefik's services as pools: load balancers, weighted ones and failovers of these.

import { duration, timeMs } from '../amounts.ts'
import { below, type Draft, type Pool, type Route, uniqueName } from '../draft.ts'
import { type Entry, entriesOf, entryOf, itemsOf, type Tree, takeEntry, textOf, textsOf } from './tree.ts'

const DEEPEST = 5

export class Services {
  readonly #draft: Draft
  readonly #services: ReadonlyMap<string, Entry>
  readonly #transports: ReadonlyMap<string, Entry>
  readonly #made = new Map<string, string | undefined>()

  constructor(draft: Draft, trees: readonly Tree[]) {
    const byName = (...keys: readonly string[]) =>
      new Map(trees.flatMap(tree => entriesOf(tree, ...keys)).map(each => [each.directive.name, each]))
    this.#draft = draft
    this.#services = byName('http', 'services')
    this.#transports = byName('http', 'serversTransports')
    const everywhere = trees.map(tree => entryOf(tree, 'serversTransport')).find(each => each !== undefined)
    if (everywhere !== undefined) this.#transports = new Map([...this.#transports, ['', everywhere]])
  }

  /** @param name with or without its provider @returns undefined = there is none that vigia can reach */
  poolOf(name: string): string | undefined {
    const plain = name.replace(/@file$/, '')
    if (!this.#made.has(plain)) this.#made.set(plain, this.#make(plain))
    return this.#made.get(plain)
  }

  noteUnused(): void {
    for (const { directive } of [...this.#services.values(), ...this.#transports.values()]) {
      if (!directive.used) this.#draft.note('unconverted', directive, 'no router that was converted leads to it')
      directive.used = true
    }
  }

  /** Times of the connections to a service. */
  addTimes(name: string, route: Route): void {
    const balancer = entryOf(this.#services.get(name.replace(/@file$/, ''))?.tree, 'loadBalancer')
    const transport = this.#transportOf(balancer?.tree)
    const time = (key: string) => timeMs(textOf(transport?.tree, 'forwardingTimeouts', key) ?? '', 1000)
    const [connect, response] = [time('dialTimeout'), time('responseHeaderTimeout')]
    if (connect !== undefined && connect > 0) below(route.keys, 'timeouts').connect = duration(connect)
    if (response !== undefined && response > 0) below(route.keys, 'timeouts').response = duration(response)
    else if (balancer !== undefined)
      this.#draft.note(
        'differs',
        balancer.directive,
        'vigia waits 60s for an answer to begin, and 60s between its parts; Traefik waits for ever: timeouts: { response, idle }',
      )
  }

  #make(name: string): string | undefined {
    const service = this.#services.get(name)
    if (service === undefined) return undefined
    const pool = this.#draft.pool(name, service.directive.place)
    this.#fill(pool, service, 0, undefined, 0)
    if (pool.upstreams.length > 0) return this.#draft.nameOf(pool)
    this.#draft.pools.delete(this.#draft.nameOf(pool))
    return undefined
  }

  #fill(pool: Pool, service: Entry, priority: number, weight: number | undefined, depth: number): void {
    const draft = this.#draft
    service.directive.used = true
    if (depth > DEEPEST) return draft.note('unconverted', service.directive, 'services within services go too deep')
    const inner = (name: string) => this.#services.get(name.replace(/@file$/, ''))
    const balancer = takeEntry(service.tree, 'loadBalancer')
    const weighted = takeEntry(service.tree, 'weighted')
    const failover = takeEntry(service.tree, 'failover')
    const mirroring = takeEntry(service.tree, 'mirroring')
    if (balancer !== undefined) this.#balancer(pool, balancer, priority, weight)
    else if (weighted !== undefined) {
      for (const each of itemsOf(weighted.tree, 'services')) {
        const [name, share] = [textOf(each, 'name'), textOf(each, 'weight')]
        const target = inner(name ?? '')
        if (target === undefined)
          draft.note('unconverted', weighted.directive, `there is no service ${name ?? ''} here`)
        else this.#fill(pool, target, priority, Math.min(1000, Number(share ?? 1)), depth + 1)
      }
      this.#sticky(pool, weighted)
    } else if (failover !== undefined) {
      for (const [at, key] of ['service', 'fallback'].entries()) {
        const target = inner(textOf(failover.tree, key) ?? '')
        if (target !== undefined) this.#fill(pool, target, priority + at, weight, depth + 1)
      }
      takeEntry(failover.tree, 'healthCheck')
    } else if (mirroring !== undefined) {
      const target = inner(textOf(mirroring.tree, 'service') ?? '')
      if (target !== undefined) this.#fill(pool, target, priority, weight, depth + 1)
      draft.note('unconverted', mirroring.directive, 'vigia does not send copies of requests elsewhere')
    } else draft.note('unconverted', service.directive, 'vigia balances over servers')
  }

  #balancer(pool: Pool, balancer: Entry, priority: number, weight: number | undefined): void {
    const draft = this.#draft
    const { tree, directive } = balancer
    const transport = this.#transportOf(tree)
    takeEntry(tree, 'serversTransport')
    for (const server of itemsOf(tree, 'servers')) {
      const url = textOf(server, 'url') ?? ''
      takeEntry(server, 'preservePath')
      const [, base, path = ''] = /^(https?:\/\/[^/?#]+)(.*)$/.exec(url) ?? []
      if (base === undefined) {
        draft.note('unconverted', directive, `${url}: vigia reaches upstreams at http://HOST:PORT or https://HOST:PORT`)
        continue
      }
      if (path !== '' && path !== '/')
        draft.note('unconverted', directive, `${url}: vigia puts nothing before the path of a request`)
      const own = Number(textOf(server, 'weight') ?? Number.NaN)
      const taken = new Set(pool.upstreams.map(({ keys }) => String(keys.name)))
      const keys: Record<string, unknown> = { name: uniqueName(base.replace(/^https?:\/\//, ''), taken), url: base }
      if (!Number.isNaN(own) || weight !== undefined)
        keys.weight = Math.min(1000, (Number.isNaN(own) ? 1 : own) * (weight ?? 1))
      if (priority > 0) keys.priority = priority
      if (base.startsWith('https:')) transportKeys(transport, keys)
      pool.upstreams.push({ keys, comments: [] })
    }
    const strategy = textOf(tree, 'strategy') ?? 'wrr'
    if (pool.upstreams.length > 1)
      pool.keys.balance =
        strategy === 'p2c' ? 'random-two' : strategy === 'hrw' ? { algorithm: 'hash', key: 'address' } : 'round-robin'
    this.#sticky(pool, balancer)
    this.#health(pool, balancer)
    if (textOf(tree, 'passHostHeader') === 'false')
      draft.note('differs', directive, 'vigia passes on the Host that the client asked for, and no other')
    takeEntry(tree, 'responseForwarding', 'flushInterval')
  }

  #sticky(pool: Pool, { tree }: Entry): void {
    const cookie = takeEntry(tree, 'sticky', 'cookie')
    if (cookie === undefined) return
    const age = Number(textOf(cookie.tree, 'maxAge') ?? 0)
    const sameSite = textOf(cookie.tree, 'sameSite')?.toLowerCase()
    for (const key of ['secure', 'httpOnly', 'path', 'domain']) takeEntry(cookie.tree, key)
    pool.keys.affinity = {
      cookie: textOf(cookie.tree, 'name') ?? 'vigia',
      ttl: age > 0 ? duration(age * 1000) : '0',
      keys: [this.#draft.secret],
      ...(sameSite === 'strict' || sameSite === 'none' ? { sameSite } : {}),
    }
    this.#draft.note(
      'differs',
      cookie.directive,
      'the cookie of vigia is signed: each client is given a new one, and a new upstream, once',
    )
  }

  #health(pool: Pool, { tree, directive }: Entry): void {
    const draft = this.#draft
    const check = takeEntry(tree, 'healthCheck')
    if (check === undefined)
      return draft.note(
        'differs',
        directive,
        'vigia probes each upstream (TCP, every 2s): better let it ask for a page that fails when the node does, health: { path: /PATH }',
      )
    const intervalMs = timeMs(textOf(check.tree, 'interval') ?? '30s', 1000) ?? 30_000
    const timeoutMs = timeMs(textOf(check.tree, 'timeout') ?? '5s', 1000) ?? 5000
    const [host, method, status] = [
      textOf(check.tree, 'hostname'),
      textOf(check.tree, 'method'),
      textOf(check.tree, 'status'),
    ]
    const probe: Record<string, unknown> = {
      path: textOf(check.tree, 'path') ?? '/',
      interval: duration(intervalMs),
      timeout: duration(Math.min(timeoutMs, intervalMs)),
      ...(method === undefined ? {} : { method }),
      ...(host === undefined ? {} : { host }),
      expect: { status: status === undefined || status === '0' ? '200-399' : Number(status) },
    }
    for (const each of entriesOf(check.tree, 'headers')) {
      each.directive.used = true
      below(probe, 'headers')[each.directive.name] = textOf(each.tree) ?? ''
    }
    for (const key of ['port', 'scheme', 'mode']) {
      const other = takeEntry(check.tree, key)
      if (other !== undefined) draft.note('unconverted', other.directive, 'vigia probes where requests go')
    }
    takeEntry(check.tree, 'followRedirects')
    takeEntry(check.tree, 'unhealthyInterval')
    pool.keys.health = probe
    draft.note(
      'differs',
      check.directive,
      'vigia takes an upstream out after 3 failed probes and back after 2 good ones (fall, rise); Traefik after one',
    )
  }

  #transportOf(balancer: Tree | undefined): Entry | undefined {
    const found = this.#transports.get((textOf(balancer, 'serversTransport') ?? '').replace(/@file$/, ''))
    if (found !== undefined) found.directive.used = true
    return found
  }
}

function transportKeys(transport: Entry | undefined, keys: Record<string, unknown>): void {
  const tls = below(keys, 'tls')
  const name = textOf(transport?.tree, 'serverName')
  const [authority] = textsOf(transport?.tree, 'rootCAs')
  if (textOf(transport?.tree, 'insecureSkipVerify') === 'true') tls.verify = false
  if (name !== undefined) tls.serverName = name
  if (authority !== undefined) tls.caFile = authority
  if (Object.keys(tls).length === 0) delete keys.tls
}
