// A `backend` (or the same half of a `listen`) as a pool, and what it says of the routes that lead to it.

import { duration, timeMs } from '../amounts.ts'
import { type Directive, take } from '../directive.ts'
import { below, type Draft, type Pool, type Route } from '../draft.ts'
import type { Section } from './read.ts'
import { holding, lastOf } from './section-lines.ts'
import { addServer, optionsOf, poolKeysOf } from './servers.ts'

const QUEUE_MAX = 1000

/** @returns undefined = it has no server that vigia can reach; it was noted */
export function addBackend(draft: Draft, section: Section): Pool | undefined {
  const { lines } = section
  const servers = take(lines, 'server')
  const pool = draft.pool(section.name, section.place)
  const defaults = new Map(holding(section, 'default-server').flatMap(({ args }) => [...optionsOf(args)]))
  const allBackups = lastOf(section, 'option allbackups') !== undefined
  let standbys = 0
  const options = servers.flatMap(server => {
    const isStandby = defaults.has('backup') || server.args.includes('backup')
    if (isStandby) standbys += 1
    return addServer(draft, pool, server, defaults, allBackups ? 1 : standbys) ?? []
  })
  for (const template of take(lines, 'server-template'))
    draft.note(
      'unconverted',
      template,
      'vigia needs a name for each upstream; all addresses of a host name are used in turn',
    )
  const [first] = servers
  if (pool.upstreams.length === 0 || first === undefined) {
    draft.pools.delete(draft.nameOf(pool))
    return undefined
  }
  const weights = pool.upstreams.filter(({ keys }) => keys.weight !== undefined && keys.weight !== 0)
  if (weights.length > 0) for (const { keys } of pool.upstreams) keys.weight ??= 1
  const probe = poolKeysOf(draft, pool, options, first)
  balance(draft, pool, section)
  pool.keys.health = health(
    draft,
    section,
    options.some(each => each.has('check')),
    probe,
  )
  if (pool.keys.health === 'tcp') delete pool.keys.health
  stickiness(draft, pool, section)
  queue(draft, pool, section)
  retries(draft, pool, section)
  return pool
}

function balance(draft: Draft, pool: Pool, section: Section): void {
  const line = lastOf(section, 'balance')
  if (pool.upstreams.length < 2) return
  const [way = 'roundrobin'] = line?.args ?? []
  const header = /^hdr\(([^),]+)\)/.exec(way)?.[1]
  if (way === 'roundrobin' || way === 'static-rr') pool.keys.balance = 'round-robin'
  else if (way === 'source') {
    pool.keys.affinity = { by: 'address' }
    draft.note(
      'differs',
      line!,
      'vigia keeps a client where it is while its upstream serves, and moves no others when one goes',
    )
  } else if (way.startsWith('random')) pool.keys.balance = 'random-two'
  else if (header !== undefined) pool.keys.balance = { algorithm: 'hash', key: `header:${header}` }
  else if (way !== 'leastconn')
    draft.note(
      'unconverted',
      line!,
      'vigia has round-robin, least-connections, random-two, peak-ewma, and hash of address, header or cookie',
    )
}

function health(draft: Draft, section: Section, isChecked: boolean, probe: Record<string, unknown>): unknown {
  const check = lastOf(section, 'option httpchk')
  const steps = holding(section, 'http-check')
  const timeout = timeMs(lastOf(section, 'timeout check')?.args[1] ?? '', 1)
  if (!isChecked) return 'off'
  const intervalMs = timeMs(String(probe.interval ?? '2s'), 1000)!
  if (timeout !== undefined) probe.timeout = duration(Math.min(timeout, intervalMs))
  if (check === undefined) return Object.keys(probe).length === 0 ? 'tcp' : { type: 'tcp', ...probe }
  const [method, target, , ...rest] =
    check.args.slice(1).length === 1 ? ['OPTIONS', check.args[1]!] : check.args.slice(1)
  const keys: Record<string, unknown> = {
    path: target ?? '/',
    method: method ?? 'OPTIONS',
    expect: { status: '200-399' },
  }
  // Before there was http-check send, a Host field was smuggled in behind the version.
  const smuggled = /[Hh]ost:\s*([\w.:-]+)/.exec([...check.args.slice(3), ...rest].join(' '))?.[1]
  if (smuggled !== undefined) keys.host = smuggled
  for (const step of steps) probeStep(draft, step, keys)
  if (keys.method === 'GET') delete keys.method
  return { ...keys, ...probe }
}

function probeStep(draft: Draft, step: Directive, keys: Record<string, unknown>): void {
  const [what, ...words] = step.args
  if (what === 'send') {
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!
      const value = words[at + 1] ?? ''
      if (word === 'meth') keys.method = value
      else if (word === 'uri') keys.path = value
      else if (word === 'body') keys.body = value
      else if (word === 'hdr') {
        if (value.toLowerCase() === 'host') keys.host = words[at + 2] ?? ''
        else below(keys, 'headers')[value] = words[at + 2] ?? ''
        at += 1
      } else if (word !== 'ver') draft.note('unconverted', step, `${word}: vigia's probe has nothing of the kind`)
      at += 1
    }
  } else if (what === 'expect') expected(draft, step, words, keys)
  else if (what === 'disable-on-404') keys.drainOn404 = true
  else draft.note('unconverted', step, 'a probe of vigia is one request to where the upstream listens')
}

function expected(draft: Draft, step: Directive, words: readonly string[], keys: Record<string, unknown>): void {
  const plain = words.filter(
    (word, at) =>
      !/^(?:min-recv|comment|ok-status|error-status|tout-status|on-success|on-error|status-code)$/.test(word) &&
      !/^(?:min-recv|comment|ok-status|error-status|tout-status|on-success|on-error|status-code)$/.test(
        words[at - 1] ?? '',
      ),
  )
  const [kind = '', ...rest] = plain
  const value = rest.join(' ')
  const expect = below(keys, 'expect')
  if (kind === 'status' && /^[\d,-]+$/.test(value)) {
    const list = value.split(',').map(each => (each.includes('-') ? each : Number(each)))
    expect.status = list.length === 1 ? list[0] : list
  } else if (kind === 'rstatus' && /^\^?[1-5](?:\.\.|\[0-9\]\[0-9\]|\d\d)\$?$/.test(value)) {
    const digit = value.replace('^', '')[0]!
    expect.status =
      /\d\d\$?$/.test(value) && !value.includes('[') ? Number(value.replace(/[^\d]/g, '')) : `${digit}00-${digit}99`
  } else if (kind === 'rstatus' && /^\^?[([]?[1-5|,]+[)\]]?(?:\.\.|\[0-9\]\[0-9\]|\[0-9\]\{2\})?\$?$/.test(value)) {
    expect.status = [...value.replace(/[^1-5]/g, '')].map(digit => `${digit}00-${digit}99`)
  } else if (kind === 'string') {
    expect.body = value
    delete expect.status
  } else if (kind === 'rstring') {
    expect.bodyMatches = value
    delete expect.status
  } else
    draft.note(
      'unconverted',
      step,
      'vigia expects statuses, a text, or a pattern in the body, and nothing that must not be there',
    )
}

function stickiness(draft: Draft, pool: Pool, section: Section): void {
  const cookie = lastOf(section, 'cookie')
  const tables = take(section.lines, 'stick-table')
  const sticks = take(section.lines, 'stick')
  if (cookie !== undefined) {
    const [name = '', ...how] = cookie.args
    if (how.includes('insert')) {
      pool.keys.affinity = { cookie: name, ttl: ttlOf(how), keys: [draft.secret] }
      draft.note(
        'differs',
        cookie,
        'the cookie of vigia is signed, and names no server: each client is given a new one, and a new upstream, once',
      )
    } else
      draft.note(
        'unconverted',
        cookie,
        `vigia changes no cookies of the application: affinity: { follow: "cookie:${name}" } sends the same value to the same upstream`,
      )
  }
  for (const stick of sticks) {
    const by = stick.args.join(' ')
    const named = /cook(?:ie)?\(([^)]+)\)/.exec(by)?.[1]
    if (/^(?:on|match|store-request) src\b/.test(by)) pool.keys.affinity = { by: 'address' }
    else if (named !== undefined) {
      pool.keys.affinity = { follow: `cookie:${named}` }
      draft.note(
        'differs',
        stick,
        'vigia does not learn which upstream has given a cookie: the same value goes to the same one, which suits sessions that all can load',
      )
    } else draft.note('unconverted', stick, 'vigia stays with an upstream by cookie, header or address: affinity')
  }
  for (const table of tables) {
    if (sticks.length === 0) draft.note('unconverted', table, 'vigia counts by client address: rateLimit of a route')
  }
}

function ttlOf(how: readonly string[]): string {
  const idle = timeMs(how[how.indexOf('maxidle') + 1] ?? '', 1000)
  return how.includes('maxidle') && idle !== undefined ? duration(idle) : '0'
}

function queue(draft: Draft, pool: Pool, section: Section): void {
  const wait = timeMs((lastOf(section, 'timeout queue') ?? lastOf(section, 'timeout connect'))?.args[1] ?? '', 1)
  if (pool.upstreams.every(({ keys }) => keys.maxConnections === undefined)) return
  pool.keys.queue = { max: QUEUE_MAX, ...(wait === undefined || wait === 0 ? {} : { timeout: duration(wait) }) }
  draft.noteAt(
    'differs',
    section.place,
    `${section.kind} ${section.name}`,
    `vigia's queue has an end (${QUEUE_MAX} requests, then 503): set it to what the upstreams serve in that time`,
  )
}

function retries(draft: Draft, pool: Pool, section: Section): void {
  const count = lastOf(section, 'retries')
  const on = lastOf(section, 'retry-on')
  if (count !== undefined && Number(count.args[0]) !== 3)
    below(pool.keys, 'retry').attempts = Math.min(10, Number(count.args[0]) + 1)
  if (on === undefined) return
  const statuses = on.args.filter(each => /^50[234]$/.test(each)).map(Number)
  if (statuses.length > 0) below(pool.keys, 'retry').statuses = statuses
  if (on.args.includes('response-timeout')) below(pool.keys, 'retry').timeouts = true
  draft.note(
    'differs',
    on,
    'vigia never repeats a POST that an upstream may have carried out: its client is told "in doubt"',
  )
}

/** Times that requests of a backend have. @param route that leads to it */
export function addTimes(section: Section, route: Route): void {
  const times: Record<string, unknown> = {}
  const set = (keyword: string, ...keys: readonly string[]) => {
    const ms = timeMs(lastOf(section, `timeout ${keyword}`)?.args[1] ?? '', 1)
    if (ms !== undefined) for (const key of keys) times[key] = duration(ms)
  }
  set('connect', 'connect')
  set('server', 'response', 'idle')
  set('tunnel', 'tunnel')
  if (Object.keys(times).length > 0) route.keys.timeouts = times
}
