// Cross-checks of health checks: which keys go together, the form of their values, and times that contradict each other.

import { isHostName, parseAddress } from '../address.ts'
import { DEFAULTS } from '../defaults.ts'
import { isHeaderValue, isToken, wrongInTarget } from '../http-words.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { ProbeDocument } from '../schema.ts'
import { formatDuration } from '../units.ts'
import { probeTimes } from './probe-times.ts'

const HTTP_KEYS = ['path', 'method', 'host', 'headers', 'body', 'expect', 'hints', 'drainOn404'] as const

/** A probe without a `type` is an HTTP one as soon as it has a key that only makes sense for HTTP. */
export function probeKind(health: ProbeDocument): 'http' | 'tcp' {
  return health.type ?? (HTTP_KEYS.some(key => health[key] !== undefined) ? 'http' : 'tcp')
}

/** Inclusive ranges of statuses that count as healthy. */
export function statusRanges({ expect }: ProbeDocument): { readonly from: number; readonly to: number }[] {
  return [expect?.status ?? DEFAULTS.health.status].flat().map(status => {
    const [from = '', to = from] = String(status).split('-')
    return { from: Number(from), to: Number(to) }
  })
}

export function* checkHealth(health: ProbeDocument, at: Path): Iterable<Finding> {
  yield* checkTimes(health, at)
  if (probeKind(health) === 'tcp') {
    for (const key of HTTP_KEYS) {
      if (health[key] !== undefined)
        yield error([...at, key], 'a tcp probe sends no request: remove this key, or use type: http', 'key')
    }
    return
  }
  const wrong = health.path === undefined ? undefined : wrongInTarget(health.path)
  if (wrong) yield error([...at, 'path'], `${quote(health.path!)} ${wrong}, expected a path such as /health`)
  if (health.method !== undefined && !isToken(health.method)) {
    yield error([...at, 'method'], `${quote(health.method)} is not a request method, expected one such as GET or POST`)
  }
  if (health.host !== undefined && !isAuthority(health.host)) {
    yield error(
      [...at, 'host'],
      `${quote(health.host)} is not a host name, expected one such as erp.example.com or erp.example.com:8069`,
    )
  }
  const method = (health.method ?? DEFAULTS.health.method).toUpperCase()
  if (health.body !== undefined && (method === 'GET' || method === 'HEAD')) {
    yield warning(
      [...at, 'body'],
      `a ${method} request with a body is refused by some servers: set method: POST`,
      'key',
    )
  }
  yield* checkHeaders(health, at)
  yield* checkExpect(health.expect, [...at, 'expect'])
  if (health.drainOn404 === true && statusRanges(health).some(({ from, to }) => from <= 404 && to >= 404)) {
    yield error([...at, 'drainOn404'], 'expect.status has 404 as healthy: take it out there, or remove this key', 'key')
  }
}

function* checkTimes(health: ProbeDocument, at: Path): Iterable<Finding> {
  const { intervalMs, timeoutMs, unsureIntervalMs, downIntervalMs } = probeTimes(health)
  const interval = `the interval of ${formatDuration(intervalMs)}`
  if (timeoutMs > intervalMs) {
    yield error(
      [...at, 'timeout'],
      `${formatDuration(timeoutMs)} is longer than ${interval}: probes of one upstream would overlap`,
    )
  }
  if (unsureIntervalMs > intervalMs) {
    yield error(
      [...at, 'unsureInterval'],
      `${formatDuration(unsureIntervalMs)} is longer than ${interval}: it is meant to settle doubts sooner`,
    )
  }
  if (downIntervalMs < intervalMs) {
    yield error(
      [...at, 'downInterval'],
      `${formatDuration(downIntervalMs)} is shorter than ${interval}: it is meant to spare an upstream that has been down for long`,
    )
  }
}

function* checkHeaders(health: ProbeDocument, at: Path): Iterable<Finding> {
  const names = new Set<string>()
  for (const [name, value] of Object.entries(health.headers ?? {})) {
    const path = [...at, 'headers', name]
    const lower = name.toLowerCase()
    if (!isToken(name)) yield error(path, 'is not a header name, expected one such as Authorization', 'key')
    else if (lower === 'host') yield error(path, 'set the Host header with the key host of the probe', 'key')
    else if (SET_BY_VIGIA.has(lower)) yield error(path, 'this header is set by vigia itself: remove it', 'key')
    else if (names.has(lower)) yield error(path, 'this header is there twice (case does not matter): remove one', 'key')
    names.add(lower)
    if (typeof value === 'string' && !isHeaderValue(value)) {
      yield error(path, 'the value holds a line break, or characters that a header value cannot have')
    }
  }
}

const SET_BY_VIGIA = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function* checkExpect(expect: ProbeDocument['expect'], at: Path): Iterable<Finding> {
  const { status, bodyMatches } = expect ?? {}
  for (const [i, item] of (Array.isArray(status) ? status : [status]).entries()) {
    const [from = '', to] = String(item).split('-')
    if (to !== undefined && Number(from) > Number(to)) {
      const path = Array.isArray(status) ? [...at, 'status', i] : [...at, 'status']
      yield error(path, `the range ${quote(String(item))} ends before it begins, expected ${to}-${from}`)
    }
  }
  if (bodyMatches === undefined) return
  try {
    new RegExp(bodyMatches, 'u')
  } catch {
    yield error(
      [...at, 'bodyMatches'],
      'is not a regular expression that JavaScript understands: check brackets and backslashes',
    )
  }
}

function isAuthority(text: string): boolean {
  return isHostName(text) || !('wrong' in parseAddress(text.includes(':') ? text : `${text}:80`))
}
