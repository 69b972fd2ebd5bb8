// What nginx says of the requests of a location, beside where they go: times, sizes, rates, compression.

import { duration, rate, size, sizeBytes, timeMs } from '../amounts.ts'
import type { Directive } from '../directive.ts'
import { below, type Draft, type Route } from '../draft.ts'
import { inherited, type Levels, one } from './scope.ts'

/** nginx says itself that a connection can not usually take longer. */
const LONGEST_CONNECT_MS = 75_000
const DEFAULT_IDLE_MS = 60_000
const LEVELS = ['fast', 'balanced', 'small'] as const

export function addBounds(draft: Draft, levels: Levels, routes: readonly Route[]): void {
  const set = (key: string, value: unknown) => {
    for (const { keys } of routes) keys[key] = structuredClone(value)
  }
  const times = timeouts(draft, levels)
  if (Object.keys(times).length > 0) set('timeouts', times)

  const body = one(levels, 'client_max_body_size')
  const bytes = sizeBytes(body?.args[0] ?? '')
  if (bytes !== undefined) set('maxBody', bytes === 0 ? 0 : size(bytes))

  const limits = inherited(levels, 'limit_req')
  for (const [at, limit] of limits.entries()) {
    const found = at === 0 ? rateOf(draft, limit, levels) : undefined
    if (found === undefined)
      draft.note('unconverted', limit, 'vigia counts the requests of each client address, by one limit of a route')
    else set('rateLimit', found)
  }
  const connections = one(levels, 'limit_conn')
  if (connections !== undefined)
    draft.note(
      'unconverted',
      connections,
      'vigia bounds the connections of each client over all listeners: limits: { connectionsPerClient: N }',
    )
  for (const name of [
    'limit_req_zone',
    'limit_req_status',
    'limit_req_log_level',
    'limit_conn_zone',
    'limit_conn_status',
    'limit_conn_log_level',
  ])
    inherited(levels, name)

  const compress = compression(levels)
  if (compress !== undefined) set('compress', compress)
  buffers(levels, set)
}

function timeouts(draft: Draft, levels: Levels): Record<string, unknown> {
  const times: Record<string, unknown> = {}
  const connect = one(levels, 'proxy_connect_timeout')
  const connectMs = timeMs(connect?.args[0] ?? '', 1000)
  if (connect !== undefined && connectMs !== undefined) {
    if (connectMs <= LONGEST_CONNECT_MS) times.connect = duration(connectMs)
    else
      draft.note(
        'differs',
        connect,
        'left out: vigia waits 3s for a connection, then takes another upstream; timeouts: { connect: ... }',
      )
  }
  const read = one(levels, 'proxy_read_timeout')
  const readMs = timeMs(read?.args[0] ?? '', 1000)
  if (read !== undefined && readMs !== undefined && readMs !== DEFAULT_IDLE_MS) {
    times.response = duration(readMs)
    times.idle = duration(readMs)
    draft.note(
      'differs',
      read,
      'a WebSocket may be silent for 1h in vigia, whatever this says: timeouts: { tunnel: ... }',
    )
  }
  return times
}

/** Of all listeners and routes: these have no place on a route. */
export function clientTimes(draft: Draft, levels: Levels): void {
  const head = timeMs(one(levels, 'client_header_timeout')?.args[0] ?? '', 1000)
  if (head !== undefined) below(draft.settings, 'timeouts').head = duration(head)
  const keep = timeMs(one(levels, 'keepalive_timeout')?.args[0] ?? '', 1000)
  if (keep !== undefined && keep !== 75_000) below(draft.settings, 'timeouts').keepAlive = duration(keep)
  const buffers = one(levels, 'large_client_header_buffers')
  inherited(levels, 'client_header_buffer_size')
  const bytes = sizeBytes(buffers?.args[1] ?? '')
  if (bytes !== undefined && bytes * Number(buffers!.args[0]) > 16_384)
    below(draft.settings, 'limits').head = size(Math.min(bytes * Number(buffers!.args[0]), 1024 ** 2))
}

function rateOf(draft: Draft, limit: Directive, levels: Levels): Record<string, unknown> | undefined {
  const words = new Map(limit.args.map(each => each.split('=', 2) as [string, string | undefined]))
  const zone = words.get('zone')
  const zones = levels.flatMap(level => level.filter(({ name }) => name === 'limit_req_zone'))
  const found = zones.find(({ args }) => args.some(each => each.startsWith(`zone=${zone}:`) || each === `zone=${zone}`))
  const [key = '', , given = ''] = found?.args ?? []
  const [, count, unit] =
    /^rate=(\d+)r\/([sm])$/.exec(found?.args.find(each => each.startsWith('rate=')) ?? given) ?? []
  if (!/^\$(?:binary_)?remote_addr$/.test(key) || count === undefined) return undefined
  const text = rate(Number(count), unit === 's' ? 1_000 : 60_000)
  if (text === undefined) return undefined
  draft.note(
    'differs',
    limit,
    'vigia answers 429 to what is too much, and delays nothing; nginx answers 503, and delays without nodelay',
  )
  return { rate: text, burst: Math.max(1, Number(words.get('burst') ?? 0) + 1) }
}

function compression(levels: Levels): unknown {
  const gzip = one(levels, 'gzip')
  const types = inherited(levels, 'gzip_types').flatMap(({ args }) => args)
  const least = sizeBytes(one(levels, 'gzip_min_length')?.args[0] ?? '')
  const level = Number(one(levels, 'gzip_comp_level')?.args[0] ?? 1)
  if (gzip?.args[0] !== 'on') return gzip === undefined ? undefined : false
  const keys = {
    ...(types.length > 0 && !types.includes('*') ? { types: [...new Set(['text/html', ...types])] } : {}),
    ...(least === undefined ? {} : { minBytes: size(least) }),
    ...(level > 3 ? { level: LEVELS[level > 6 ? 2 : 1] } : {}),
  }
  return Object.keys(keys).length === 0 ? true : keys
}

function buffers(levels: Levels, set: (key: string, value: unknown) => void): void {
  const answers = one(levels, 'proxy_buffering')
  const requests = one(levels, 'proxy_request_buffering')
  const keys = {
    ...(requests === undefined ? {} : { request: requests.args[0] === 'off' ? 'off' : 'on' }),
    ...(answers === undefined ? {} : { response: answers.args[0] === 'off' ? 'off' : 'on' }),
  }
  if (Object.keys(keys).length > 0) set('buffer', keys)
}
