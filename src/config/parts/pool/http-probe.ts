// What an HTTP probe asks, and what counts as a healthy answer.

import Type, { type Static, type TObject } from 'typebox'
import type { HttpProbe } from '../../../plan/health.ts'
import { isHostName, parseAddress } from '../../forms/address.ts'
import { isHeaderValue, isToken, wrongInTarget } from '../../forms/http.ts'
import { type Contents, type NamedFile, wrongInHeaderFile } from '../../forms/named-file.ts'
import { wrongInPattern } from '../../forms/pattern.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { boolean, byName, oneOrMore, section, size, text } from '../../forms/schema-blocks.ts'
import { parseSize } from '../../forms/units.ts'

const DEFAULTS = {
  method: 'GET',
  path: '/',
  status: '200-299',
  maxBody: '64KiB',
  hints: true,
  drainOn404: false,
} as const

const status = Type.Union([
  Type.Integer({ minimum: 100, maximum: 599, title: 'a status from 100 to 599' }),
  Type.String({ pattern: '^[1-5][0-9]{2}(-[1-5][0-9]{2})?$', title: 'a range such as 200-299' }),
])

const expect = section(
  {
    status: Type.Optional(
      oneOrMore(
        status,
        'a status such as 401, a range such as 200-299, or a list of them',
        'Response statuses that count as healthy. Effect: any other status is a failed probe.',
        DEFAULTS.status,
      ),
    ),
    body: Type.Optional(
      text(
        'a text',
        'What the response body must contain, as plain text. Effect: a body without it is a failed probe. Default: anything.',
      ),
    ),
    bodyMatches: Type.Optional(
      text(
        'a regular expression',
        'A regular expression that the response body must match, in what JavaScript and RE2 both have: no lookaround, no references back to groups. It is matched in a time that grows with the body only, whatever the body is; an answer that takes longer than 100 ms all the same is a failed probe. Default: anything.',
      ),
    ),
    maxBody: Type.Optional(
      size(
        'Size. How much of the response body is read for `body` and `bodyMatches`; the rest is ignored.',
        DEFAULTS.maxBody,
      ),
    ),
  },
  'What an answer must look like to count as healthy.',
)

const headerValue = Type.Union(
  [
    Type.String({
      title: 'a text',
      description: 'The value; a dollar sign before {ENV} takes it from the environment.',
    }),
    section(
      {
        file: text(
          'a file path',
          'File that holds the value, relative to the configuration file; a newline at its end is dropped.',
        ),
      },
      'A value kept in a file, for secrets.',
      { title: 'a mapping with `file`' },
    ),
  ],
  { title: 'a text, or { file: PATH }' },
)

/** The keys of a probe that only make sense for HTTP. */
export const httpProbeKeys = {
  path: Type.Optional(
    text(
      'a path that begins with /',
      'Request target of the probe, with its query if it needs one. HTTP only.',
      DEFAULTS.path,
    ),
  ),
  method: Type.Optional(
    text('a method such as GET or POST', 'Request method of the probe. HTTP only.', DEFAULTS.method),
  ),
  host: Type.Optional(
    text('a host name', "Host header of the probe. HTTP only. Default: host and port of the upstream's url."),
  ),
  headers: Type.Optional(
    byName(
      headerValue,
      'a mapping of header names to values',
      'Further request headers of the probe, such as Authorization. HTTP only. Default: none.',
    ),
  ),
  body: Type.Optional(
    Type.String({ title: 'a text', description: 'Request body of the probe. HTTP only. Default: none.' }),
  ),
  expect: Type.Optional(expect),
  hints: Type.Optional(
    boolean(
      "Whether the upstream's own word on a probe's answer is followed: `X-Vigia-State: drain` or `ready`, and `X-Vigia-Weight: 50%` of its weight. So a script on the node can drain it. HTTP only.",
      DEFAULTS.hints,
    ),
  ),
  drainOn404: Type.Optional(
    boolean(
      'Whether status 404 drains an upstream rather than failing its probe: a script on the node takes the page of the probe away to drain it. HTTP only; not with 404 in `expect.status`.',
      DEFAULTS.drainOn404,
    ),
  ),
}

type HttpProbeDocument = Static<TObject<typeof httpProbeKeys>>

export function* checkHttpProbe(health: HttpProbeDocument, at: Path): Iterable<Finding> {
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
  const method = (health.method ?? DEFAULTS.method).toUpperCase()
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

function* checkHeaders(health: HttpProbeDocument, at: Path): Iterable<Finding> {
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

function* checkExpect(expect: HttpProbeDocument['expect'], at: Path): Iterable<Finding> {
  const { status, bodyMatches } = expect ?? {}
  for (const [i, item] of (Array.isArray(status) ? status : [status]).entries()) {
    const [from = '', to] = String(item).split('-')
    if (to !== undefined && Number(from) > Number(to)) {
      const path = Array.isArray(status) ? [...at, 'status', i] : [...at, 'status']
      yield error(path, `the range ${quote(String(item))} ends before it begins, expected ${to}-${from}`)
    }
  }
  if (bodyMatches === undefined) return
  const wrong = wrongInPattern(bodyMatches)
  if (wrong) yield error([...at, 'bodyMatches'], wrong)
}

function isAuthority(text: string): boolean {
  return isHostName(text) || !('wrong' in parseAddress(text.includes(':') ? text : `${text}:80`))
}

export function* httpProbeFiles({ headers }: HttpProbeDocument, at: Path): Iterable<NamedFile> {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (typeof value === 'object')
      yield { path: [...at, 'headers', name, 'file'], file: value.file, wrongIn: wrongInHeaderFile }
  }
}

export function compileHttpProbe(health: HttpProbeDocument, files: Contents): HttpProbe {
  const { expect = {} } = health
  const headers = Object.entries(health.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    typeof value === 'string' ? value : files.get(value.file)!,
  ])
  return {
    method: (health.method ?? DEFAULTS.method).toUpperCase(),
    path: health.path ?? DEFAULTS.path,
    host: health.host,
    headers: Object.fromEntries(headers),
    body: health.body,
    statuses: statusRanges(health),
    bodyContains: expect.body,
    bodyMatches: expect.bodyMatches,
    bodyBytes: parseSize(expect.maxBody ?? DEFAULTS.maxBody)!,
    hints: health.hints ?? DEFAULTS.hints,
    drainOn404: health.drainOn404 ?? DEFAULTS.drainOn404,
  }
}

/** Inclusive ranges of statuses that count as healthy. */
function statusRanges({ expect }: HttpProbeDocument): { readonly from: number; readonly to: number }[] {
  return [expect?.status ?? DEFAULTS.status].flat().map(status => {
    const [from = '', to = from] = String(status).split('-')
    return { from: Number(from), to: Number(to) }
  })
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_PROBE = {
  'health.statuses': 'health.expect.status',
  'health.bodyContains': 'health.expect.body',
  'health.bodyMatches': 'health.expect.bodyMatches',
  'health.bodyBytes': 'health.expect.maxBody',
}
