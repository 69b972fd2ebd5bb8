// `reverse_proxy` as a pool, and what it says of the routes that lead to it.

import { duration, timeMs } from '../amounts.ts'
import { type Directive, take, takeLast } from '../directive.ts'
import { below, type Draft, ENVIRONMENT, type Pool, type Route, uniqueName } from '../draft.ts'
import { removeField, setField, templateOf } from '../fields.ts'

const SECOND = 1000
const VARIABLE = /\{([\w.$:-]+)\}/g
const OWN_FIELDS = /^(?:x-forwarded-(?:for|proto|host|port)|x-real-ip|x-request-id)$/i
const LOWEST_INTERVAL = '30s'

/** @param addresses behind the matcher @returns the name of the pool; undefined = it was noted */
export function addProxy(draft: Draft, proxy: Directive, addresses: readonly string[]): string | undefined {
  const block = proxy.block ?? []
  const more = take(block, 'to').flatMap(({ args }) => args)
  const transport = takeLast(block, 'transport')
  const tls = transport?.block?.some(({ name }) => name.startsWith('tls')) ?? false
  const urls = [...addresses, ...more].flatMap(each => {
    const url = urlOf(each, tls)
    if (url === undefined) draft.note('unconverted', proxy, `${each}: vigia needs HOST:PORT of an upstream, over TCP`)
    return url ?? []
  })
  if (urls.length === 0) {
    draft.note('unconverted', proxy, 'it leads to no upstream that vigia can reach')
    return undefined
  }
  const keys = JSON.stringify([
    urls,
    block.map(({ name, args, block: inner }) => [name, args, inner?.map(each => [each.name, each.args])]),
  ])
  const known = draft.poolsByKey.get(keys)
  if (known !== undefined) {
    for (const each of block) markAll(each)
    return known
  }
  const pool = draft.pool(new URL(urls[0]!).host, proxy.place)
  for (const url of urls) {
    const taken = new Set(pool.upstreams.map(upstream => String(upstream.keys.name)))
    pool.upstreams.push({ keys: { name: uniqueName(new URL(url).host, taken), url }, comments: [] })
  }
  balance(draft, pool, block)
  health(draft, pool, proxy, block)
  if (transport !== undefined) transports(draft, pool, transport)
  const name = draft.nameOf(pool)
  draft.poolsByKey.set(keys, name)
  return name
}

function urlOf(text: string, tls: boolean): string | undefined {
  const parts = /^(?:(https?|h2c):\/\/)?(\[[0-9a-fA-F:]+\]|[\w.-]*)(?::(\d+))?$/.exec(text)
  const [, scheme = tls ? 'https' : 'http', host = '', port] = parts ?? []
  if (parts === null || scheme === 'h2c' || (host === '' && port === undefined)) return undefined
  const secure = tls || scheme === 'https'
  return `${secure ? 'https' : 'http'}://${host || '127.0.0.1'}${port === undefined ? '' : `:${port}`}`
}

function balance(draft: Draft, pool: Pool, block: readonly Directive[]): void {
  const policy = takeLast(block, 'lb_policy')
  const [way = 'random', ...args] = policy?.args ?? []
  if (pool.upstreams.length > 1) {
    if (way === 'round_robin') pool.keys.balance = 'round-robin'
    else if (way === 'random' || way === 'random_choose') pool.keys.balance = 'random-two'
    else if (way === 'ip_hash' || way === 'client_ip_hash') pool.keys.affinity = { by: 'address' }
    else if (way === 'header') pool.keys.balance = { algorithm: 'hash', key: `header:${args[0]}` }
    else if (way === 'first') {
      for (const [at, { keys }] of pool.upstreams.entries()) if (at > 0) keys.priority = at
    } else if (way === 'cookie') {
      pool.keys.affinity = { cookie: args[0] ?? 'lb', ttl: '0', keys: [draft.secret] }
      draft.note(
        'differs',
        policy!,
        'the cookie of vigia is signed: each client is given a new one, and a new upstream, once',
      )
    } else if (way !== 'least_conn')
      draft.note(
        'unconverted',
        policy!,
        'vigia has round-robin, least-connections, random-two, peak-ewma, and hash of address, header or cookie',
      )
  }
  const retries = takeLast(block, 'lb_retries')
  const within = takeLast(block, 'lb_try_duration')
  take(block, 'lb_try_interval')
  if (retries !== undefined) below(pool.keys, 'retry').attempts = Math.min(10, Number(retries.args[0]) + 1)
  if (within !== undefined)
    draft.note(
      'differs',
      within,
      'vigia tries other upstreams at once, up to retry.attempts; requests wait for a place only in a queue',
    )
}

function health(draft: Draft, pool: Pool, proxy: Directive, block: readonly Directive[]): void {
  const uri = takeLast(block, 'health_uri') ?? takeLast(block, 'health_path')
  const time = (name: string) => timeMs(takeLast(block, name)?.args[0] ?? '', SECOND)
  const interval = time('health_interval')
  const timeout = time('health_timeout')
  const status = takeLast(block, 'health_status')?.args[0]
  const body = takeLast(block, 'health_body')?.args[0]
  const headers = takeLast(block, 'health_headers')
  if (uri !== undefined) {
    const intervalMs = interval ?? timeMs(LOWEST_INTERVAL, SECOND)!
    const probe: Record<string, unknown> = { path: uri.args[0] ?? '/', interval: duration(intervalMs) }
    if (timeout !== undefined) probe.timeout = duration(Math.min(timeout, intervalMs))
    if (status !== undefined)
      below(probe, 'expect').status = /xx$/i.test(status) ? `${status[0]}00-${status[0]}99` : Number(status)
    if (body !== undefined) below(probe, 'expect').bodyMatches = body
    for (const each of headers?.block ?? []) {
      each.used = true
      if (each.name.toLowerCase() === 'host') probe.host = each.args[0]
      else below(probe, 'headers')[each.name] = (each.args[0] ?? '').replace(/\{env\.(\w+)\}/g, `${ENVIRONMENT}$1}`)
    }
    pool.keys.health = probe
    draft.note(
      'differs',
      uri,
      'vigia takes an upstream out after 3 failed probes and back after 2 good ones (fall, rise); Caddy after one',
    )
  } else
    draft.note(
      'differs',
      proxy,
      'vigia probes each upstream (TCP, every 2s): better let it ask for a page that fails when the node does, health: { path: /PATH }',
    )
  const passive = ['fail_duration', 'max_fails', 'unhealthy_status', 'unhealthy_latency', 'unhealthy_request_count']
  for (const each of block) {
    if (!passive.includes(each.name)) continue
    each.used = true
    if (each.name === 'unhealthy_request_count')
      for (const { keys } of pool.upstreams) keys.maxConnections = Number(each.args[0])
    else
      draft.note('differs', each, 'vigia takes out an upstream after 5 failed requests in a row: outlier of the pool')
  }
  if (pool.upstreams.some(({ keys }) => keys.maxConnections !== undefined)) pool.keys.queue = { max: 1000 }
}

function transports(draft: Draft, pool: Pool, transport: Directive): void {
  if (transport.args[0] !== 'http') {
    for (const each of transport.block ?? []) markAll(each)
    return draft.note('unconverted', transport, 'vigia speaks HTTP to its upstreams')
  }
  for (const each of transport.block ?? []) {
    const [value = ''] = each.args
    each.used = true
    if (each.name === 'tls_insecure_skip_verify')
      for (const { keys } of pool.upstreams) below(keys, 'tls').verify = false
    else if (each.name === 'tls_server_name')
      for (const { keys } of pool.upstreams) below(keys, 'tls').serverName = value
    else if (each.name === 'tls_trusted_ca_certs' || (each.name === 'tls_trust_pool' && value === 'file'))
      for (const { keys } of pool.upstreams) below(keys, 'tls').caFile = each.args.at(-1)
    else if (each.name === 'proxy_protocol') pool.keys.proxyProtocol = value
    else if (each.name === 'keepalive') pool.keys.idleTimeout = duration(timeMs(value, SECOND) ?? 0)
    else if (each.name === 'keepalive_idle_conns_per_host') pool.keys.idleConnections = Number(value)
    else if (each.name === 'max_conns_per_host') {
      for (const { keys } of pool.upstreams) keys.maxConnections = Number(value)
      pool.keys.queue = { max: 1000 }
    } else if (!/^(?:tls|dial_timeout|response_header_timeout|read_timeout)$/.test(each.name)) {
      const isNeedless =
        /^(?:versions|compression|read_buffer|write_buffer|write_timeout|expect_continue_timeout|keepalive_interval|keepalive_idle_conns|tls_timeout|max_response_header|tls_renegotiation)$/.test(
          each.name,
        )
      draft.note(isNeedless ? 'needless' : 'unconverted', each, 'vigia has nothing of the kind for an upstream')
    }
  }
}

/** What it says of requests: times and fields. */
export function addProxyKeys(draft: Draft, proxy: Directive, routes: readonly Route[]): void {
  const block = proxy.block ?? []
  const inner = block.find(({ name }) => name === 'transport')?.block ?? []
  const times: Record<string, unknown> = {}
  for (const [name, key] of [
    ['dial_timeout', 'connect'],
    ['response_header_timeout', 'response'],
    ['read_timeout', 'idle'],
  ] as const) {
    const ms = timeMs(inner.find(each => each.name === name)?.args[0] ?? '', SECOND)
    if (ms !== undefined) times[key] = duration(ms)
  }
  if (times.response === undefined)
    draft.note(
      'differs',
      proxy,
      'vigia waits 60s for an answer to begin, and 60s between its parts; Caddy waits for ever: timeouts: { response, idle }',
    )
  if (Object.keys(times).length > 0) for (const { keys } of routes) keys.timeouts = { ...times }
  for (const each of take(block, 'header_up')) field(draft, each, each.args, 'request', routes)
  for (const each of take(block, 'header_down')) field(draft, each, each.args, 'response', routes)
  for (const each of take(block, 'flush_interval')) draft.note('needless', each, '')
  for (const each of take(block, 'trusted_proxies'))
    draft.note('unconverted', each, 'trustedProxies is one list for all of vigia')
  for (const [name, key] of [
    ['request_buffers', 'request'],
    ['response_buffers', 'response'],
  ] as const) {
    if (take(block, name).length > 0) for (const { keys } of routes) below(keys, 'buffer')[key] = 'on'
  }
}

/** `X-Name value`, `+X-Name value`, `-X-Name`, `>X-Name value`; with a third word it replaces within a value. */
export function field(
  draft: Draft,
  directive: Directive,
  args: readonly string[],
  way: 'request' | 'response',
  routes: readonly Route[],
): void {
  const [given = '', value = '', replacement] = args
  const sign = /^[+>?-]/.exec(given)?.[0] ?? ''
  const name = given.slice(sign.length).replace(/:$/, '')
  if (way === 'request' && OWN_FIELDS.test(name)) return draft.note('needless', directive, '')
  if (way === 'request' && /^host$/i.test(name))
    return draft.note('differs', directive, 'vigia passes on the Host that the client asked for, and no other')
  if (sign === '-') {
    for (const route of routes) removeField(route, way, name)
    return
  }
  const text = replacement === undefined && sign !== '?' ? templateOf(value, VARIABLE, variableOf) : undefined
  if (text === undefined || text.trim() === '')
    return draft.note(
      'unconverted',
      directive,
      'vigia sets a field to {client}, {host}, {scheme}, {request-id} and plain text, or removes it',
    )
  for (const route of routes) setField(route, way, name, text.trim())
}

function variableOf(name: string): string | undefined {
  if (/^(?:remote_host|client_ip|http\.request\.remote\.host)$/.test(name)) return '{client}'
  if (/^(?:host|hostport|http\.request\.host(?:port)?)$/.test(name)) return '{host}'
  if (/^(?:scheme|http\.request\.scheme)$/.test(name)) return '{scheme}'
  return name === 'http.request.uuid' ? '{request-id}' : undefined
}

export function markAll(directive: Directive): void {
  directive.used = true
  for (const each of directive.block ?? []) markAll(each)
}
