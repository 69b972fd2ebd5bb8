// nginx's `upstream` blocks and the targets of `proxy_pass` as pools.

import { duration, timeMs } from '../amounts.ts'
import { type Directive, take, takeLast } from '../directive.ts'
import { below, type Draft, type Pool, uniqueName } from '../draft.ts'
import { inherited, type Levels, one } from './scope.ts'

const NO_TARGET = 'vigia needs an upstream that is known beforehand: name a host'

export interface Target {
  readonly pool: string
  /** What stands behind the host, such as `/` or `/app/`; undefined = nothing. */
  readonly uri: string | undefined
}

export class Pools {
  readonly #draft: Draft
  readonly #blocks: ReadonlyMap<string, Directive>
  readonly #made = new Map<string, string>()

  constructor(draft: Draft, blocks: readonly Directive[]) {
    this.#draft = draft
    this.#blocks = new Map(blocks.map(each => [each.args[0] ?? '', each]))
  }

  /** @param pass `proxy_pass` @param levels that it stands in @returns undefined = it was noted */
  target(pass: Directive, levels: Levels): Target | undefined {
    pass.used = true
    const [url = ''] = pass.args
    const [, scheme, host, uri] = /^(https?):\/\/([^/$?]+)([/?].*)?$/i.exec(url) ?? []
    if (scheme === undefined || host === undefined || url.includes('$') || host.startsWith('unix:')) {
      this.#draft.note('unconverted', pass, host?.startsWith('unix:') ? UNIX : NO_TARGET)
      return undefined
    }
    const key = `${scheme.toLowerCase()} ${host}`
    const known = this.#made.get(key)
    if (known !== undefined) {
      this.#retries(this.#draft.pools.get(known)!, levels)
      return { pool: known, uri }
    }
    const block = this.#blocks.get(host)
    const tls = scheme.toLowerCase() === 'https'
    const pool = block === undefined ? this.#single(pass, host, tls) : this.#group(block, tls)
    if (pool === undefined) return undefined
    if (tls) this.#tlsKeys(pool, pass, levels)
    this.#retries(pool, levels)
    const name = this.#draft.nameOf(pool)
    this.#made.set(key, name)
    return { pool: name, uri }
  }

  /** Blocks that no `proxy_pass` names. */
  noteUnused(): void {
    for (const block of this.#blocks.values()) {
      if (block.used) continue
      block.used = true
      for (const each of block.block ?? []) each.used = true
      this.#draft.note('unconverted', block, 'no location that was converted leads to it')
    }
  }

  #single(pass: Directive, host: string, tls: boolean): Pool {
    const pool = this.#draft.pool(host, pass.place)
    pool.upstreams.push({ keys: { name: uniqueName(host, new Set()), url: urlOf(host, tls) }, comments: [] })
    noteProbes(this.#draft, pass)
    return pool
  }

  #group(block: Directive, tls: boolean): Pool | undefined {
    const draft = this.#draft
    block.used = true
    const inner = block.block ?? []
    const servers = take(inner, 'server')
    const pool = draft.pool(block.args[0]!, block.place)
    // nginx takes none of them out, whatever fails there.
    if (servers.length > 0 && servers.every(takesNoneOut)) pool.keys.outlier = 'off'
    for (const server of servers) this.#server(pool, server, tls)
    if (pool.upstreams.length === 0) {
      draft.pools.delete(draft.nameOf(pool))
      draft.note('unconverted', block, 'none of its servers could be converted')
      return undefined
    }
    this.#balance(pool, inner)
    const weights = pool.upstreams.map(({ keys }) => keys.weight)
    if (weights.some(weight => weight !== undefined)) for (const { keys } of pool.upstreams) keys.weight ??= 1
    const keep = takeLast(inner, 'keepalive')
    if (keep !== undefined) pool.keys.idleConnections = Math.min(10_000, Number(keep.args[0]) || 64)
    const idleMs = timeMs(takeLast(inner, 'keepalive_timeout')?.args[0] ?? '', 1000)
    if (idleMs !== undefined) pool.keys.idleTimeout = duration(idleMs)
    noteProbes(draft, block)
    return pool
  }

  #server(pool: Pool, server: Directive, tls: boolean): void {
    const [host = '', ...options] = server.args
    if (host.startsWith('unix:')) return this.#draft.note('unconverted', server, UNIX)
    const taken = new Set(pool.upstreams.map(({ keys }) => String(keys.name)))
    const keys: Record<string, unknown> = { name: uniqueName(host, taken), url: urlOf(host, tls) }
    for (const option of options) {
      const [name, value = ''] = option.split('=', 2)
      if (name === 'weight') keys.weight = Math.min(1000, Number(value) || 1)
      else if (name === 'backup') keys.priority = 1
      else if (name === 'down') keys.weight = 0
      else if (name === 'max_conns' && Number(value) > 0) {
        keys.maxConnections = Number(value)
        pool.keys.queue ??= { max: 1000 }
        this.#draft.note(
          'differs',
          server,
          'what is too many waits in the queue of the pool; nginx goes on to the next server, or answers 502',
        )
      } else if (name === 'slow_start') pool.keys.slowStart = duration(timeMs(value, 1000) ?? 0)
      else if (name === 'max_fails' || name === 'fail_timeout') {
        if (pool.keys.outlier === undefined)
          this.#draft.note(
            'differs',
            server,
            'vigia probes each upstream, and takes one out after 5 failed requests in a row (outlier)',
          )
      } else if (name === 'resolve')
        this.#draft.note('needless', server, 'vigia resolves host names again as their TTL says')
      else if (name !== 'route') this.#draft.note('unconverted', server, `vigia has no ${name} for an upstream`)
    }
    pool.upstreams.push({ keys, comments: [] })
  }

  #balance(pool: Pool, inner: readonly Directive[]): void {
    const draft = this.#draft
    const ways = ['least_conn', 'ip_hash', 'hash', 'random', 'least_time', 'sticky', 'sticky_cookie_insert']
    const given = inner.filter(({ name }) => ways.includes(name))
    for (const each of given) each.used = true
    if (pool.upstreams.length > 1 && !given.some(({ name }) => name !== 'sticky')) pool.keys.balance = 'round-robin'
    for (const way of given) {
      const [first = '', ...rest] = way.args
      if (way.name === 'random') pool.keys.balance = 'random-two'
      else if (way.name === 'least_time') pool.keys.balance = 'peak-ewma'
      else if (way.name === 'ip_hash') {
        pool.keys.affinity = { by: 'address' }
        draft.note(
          'differs',
          way,
          'vigia takes the whole address of a client; nginx only the first three numbers of an IPv4 one',
        )
      } else if (way.name === 'hash') {
        const key = hashKey(first)
        if (key !== undefined) pool.keys.balance = { algorithm: 'hash', key }
        else draft.note('unconverted', way, 'vigia hashes the address of a client, a header or a cookie')
      } else if (way.name === 'sticky' && first === 'cookie') {
        pool.keys.affinity = { cookie: rest[0] ?? 'srv_id', keys: [draft.secret] }
        draft.note('differs', way, 'the cookie of vigia is signed: clients get a new one')
      } else if (way.name !== 'least_conn')
        draft.note('unconverted', way, 'see affinity: { cookie: NAME } or { follow: "cookie:NAME" }')
    }
  }

  #tlsKeys(pool: Pool, pass: Directive, levels: Levels): void {
    const ca = one(levels, 'proxy_ssl_trusted_certificate')
    const name = one(levels, 'proxy_ssl_name')
    inherited(levels, 'proxy_ssl_server_name')
    const verify = one(levels, 'proxy_ssl_verify')
    for (const { keys } of pool.upstreams) {
      if (ca !== undefined) below(keys, 'tls').caFile = ca.args[0]
      if (name?.args[0] !== undefined && !name.args[0].includes('$')) below(keys, 'tls').serverName = name.args[0]
      if (verify?.args[0] === 'off') below(keys, 'tls').verify = false
    }
    if (verify === undefined)
      this.#draft.note(
        'differs',
        pass,
        'vigia verifies the certificate of an upstream, nginx does not unless told so: name your authority in tls: { caFile: FILE }',
      )
  }

  #retries(pool: Pool, levels: Levels): void {
    const next = one(levels, 'proxy_next_upstream')
    const tries = one(levels, 'proxy_next_upstream_tries')
    const withinMs = one(levels, 'proxy_next_upstream_timeout')
    if (withinMs)
      this.#draft.note('differs', withinMs, 'vigia bounds retries by their share of all requests (retry.budget)')
    const attempts = Number(tries?.args[0] ?? 0)
    if (attempts > 0) below(pool.keys, 'retry').attempts = Math.min(10, attempts)
    if (next === undefined) return
    if (next.args.includes('off')) below(pool.keys, 'retry').attempts = 1
    const statuses = next.args.filter(each => /^http_50[234]$/.test(each)).map(each => Number(each.slice(5)))
    if (statuses.length > 0) below(pool.keys, 'retry').statuses = [...new Set(statuses)]
    if (next.args.includes('non_idempotent'))
      this.#draft.note(
        'differs',
        next,
        'vigia never repeats a POST that an upstream may have carried out: its client is told "in doubt"',
      )
    const others = next.args.filter(each => /^http_(?:500|403|404|429)$/.test(each))
    if (others.length > 0)
      this.#draft.note('differs', next, `${others.join(', ')} is an answer of the application: vigia passes it on`)
  }
}

function takesNoneOut({ args }: Directive): boolean {
  return args.includes('max_fails=0') || args.includes('fail_timeout=0')
}

const UNIX = 'vigia reaches its upstreams by TCP: let it listen on a port'

function noteProbes(draft: Draft, directive: Directive): void {
  draft.note(
    'differs',
    directive,
    'vigia probes each upstream (TCP, every 2s): better let it ask for a page that fails when the node does, health: { path: /PATH }',
  )
}

function urlOf(host: string, tls: boolean): string {
  return `${tls ? 'https' : 'http'}://${host}`
}

function hashKey(text: string): string | undefined {
  if (/^\$(?:binary_)?remote_addr$/.test(text)) return 'address'
  const cookie = /^\$cookie_(\w+)$/.exec(text)?.[1]
  if (cookie !== undefined) return `cookie:${cookie}`
  const header = /^\$http_(\w+)$/.exec(text)?.[1]
  return header === undefined ? undefined : `header:${header.replaceAll('_', '-')}`
}
