// Fields that an operator sets, removes or keeps, of a route or a pool. What is done with them is policy/request/fields/.

import Type, { type Static } from 'typebox'
import type { FieldsPlan, RequestFieldsPlan, ResponseFieldsPlan } from '../../../plan/fields.ts'
import { claimOf, foldedName } from '../../../policy/request/fields/claims.ts'
import { parseTemplate, VARIABLES, type Variable } from '../../../policy/request/fields/template.ts'
import { nearest } from '../../../util/nearest.ts'
import { isHeaderValue, isToken } from '../../forms/http.ts'
import type { Contents, NamedFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { byName, section, text } from '../../forms/schema-blocks.ts'
import { otherVariable } from './other-variables.ts'
import { type Way, whyReserved } from './reserved-names.ts'

const MOST_NAMES = 100
const OF_REQUESTS: readonly Variable[] = VARIABLES.filter(variable => variable !== 'upstream')

const value = Type.Union(
  [
    text('a text', 'The value, with variables in braces; {{ is a brace.'),
    section(
      {
        file: text(
          'a file path',
          'File that holds the value, relative to the configuration file, for secrets; a newline at its end is dropped, and braces mean nothing.',
        ),
      },
      'A value kept in a file, for secrets.',
      { title: 'a mapping with `file`' },
    ),
  ],
  { title: 'a text, or { file: PATH }' },
)

function names(description: string) {
  return Type.Array(text('a field name such as X-Powered-By, or X-Debug-*', 'Name, or how names begin and a *.'), {
    minItems: 1,
    maxItems: MOST_NAMES,
    title: `a list of at most ${MOST_NAMES} field names such as X-Powered-By, or X-Debug-*`,
    description,
  })
}

const request = section(
  {
    set: Type.Optional(
      byName(
        value,
        'a mapping of field names to values',
        `Fields that requests get, in place of all that clients send under this name, or under one that servers take for the same (X_Name, x.name). Variables: {client} the client's address, {host} the name that it asked for, {scheme}, {request-id}, {listener}, {route}, {pool}. A field whose value is empty is left out. Not possible: Host, what frames a message or is for one connection, and what vigia says itself (X-Forwarded-For, -Host, -Proto, -Port, Forwarded, X-Real-IP, X-Request-Id, Via). Default: none.`,
      ),
    ),
    remove: Type.Optional(
      names(
        'Fields that upstreams do not get, whoever sends them. A name means its look-alikes too (X_Name, x.name); a beginning (X-Debug-*) leaves what HTTP needs, and what vigia says. Default: none.',
      ),
    ),
    keep: Type.Optional(
      names(
        "What every client of the route may claim of itself all the same, such as X-Remote-User: whoever reaches vigia can send it. By default no client but a trusted proxy (`trustedProxies`) gets these to an upstream, and none in the spelling of vigia's own fields: who the user is (Remote-User, X-Remote-*, X-Forwarded-User and all X-Forwarded-*, X-Auth-Request-*, X-WebAuth-*, SM_USER ...), which certificate it showed (SSL_CLIENT_*, X-SSL-*, X-Client-Cert*, Client-Cert ...), its address (X-Client-IP, True-Client-IP ...), scheme, path and site (X-Original-URL, X-Rewrite-URL, X-Script-Name, SCRIPT_NAME, PATH_INFO, X-Frappe-Site-Name, X-Odoo-Dbfilter ...), and Proxy. Default: none.",
      ),
    ),
  },
  'Of requests, on their way to upstreams; trailers too. Probes have `health.headers`. Default: none.',
  { title: 'a mapping with `set`, `remove` or `keep`' },
)

const response = section(
  {
    set: Type.Optional(
      byName(
        value,
        'a mapping of field names to values',
        "Fields that answers get, in place of what the upstream says under this name: those of upstreams and stored ones, whatever their status. vigia's own answers (errors, windows) get them too, but for what says how an answer may be stored or read (Cache-Control, Expires, Vary, Content-* ...), of which they have their own. Variables: as for requests, and {upstream}, which is empty where none was asked. A cache of vigia stores what upstreams say, not this. Default: none.",
      ),
    ),
    remove: Type.Optional(
      names('Fields of upstreams that clients do not get, such as Server or X-Powered-By. Default: none.'),
    ),
  },
  'Of answers, on their way to clients; interim ones (103) are left as they are. Default: none.',
  { title: 'a mapping with `set` or `remove`' },
)

export const headersSchema = section(
  { request: Type.Optional(request), response: Type.Optional(response) },
  'Fields that are set or removed beside what HTTP and forwarding ask for. What a route says of a name goes over what its pool says of it. Default: only what no client may claim is removed (`request.keep`).',
  { title: 'a mapping with `request` or `response`' },
)

export type HeadersDocument = Static<typeof headersSchema>
type Values = NonNullable<NonNullable<HeadersDocument['request']>['set']>

export function* checkHeaders(headers: HeadersDocument | undefined, at: Path): Iterable<Finding> {
  for (const way of ['request', 'response'] as const) {
    const { set = {}, remove = [] } = headers?.[way] ?? {}
    yield* checkSet(set, way, [...at, way, 'set'])
    yield* checkNames(remove, [...at, way, 'remove'], name => whyReserved(name, way, false))
    for (const [i, name] of remove.entries()) {
      if (Object.keys(set).some(each => foldedName(each) === foldedName(name)))
        yield warning([...at, way, 'remove', i], 'has no effect: what is set stands in place of all others anyway')
    }
  }
  const keep = headers?.request?.keep ?? []
  const keepAt = [...at, 'request', 'keep']
  yield* checkNames(keep, keepAt, name => whyReserved(name, 'request', true))
  for (const [i, name] of keep.entries()) {
    const shown = name.endsWith('*') ? `${name.slice(0, -1)}x` : name
    if (!isToken(shown) || whyReserved(name, 'request', true) !== undefined) continue
    const claim = claimOf(shown)
    if (claim === 'imitation')
      yield error([...keepAt, i], `${quote(name)} can not be kept: servers take it for a field that vigia sets`)
    else if (claim === undefined) yield warning([...keepAt, i], 'has no effect: every client may send it anyway')
  }
}

function* checkSet(set: Values, way: Way, at: Path): Iterable<Finding> {
  const known = new Map<string, string>()
  for (const [name, written] of Object.entries(set)) {
    const path = [...at, name]
    const folded = foldedName(name)
    const earlier = known.get(folded)
    const reserved = whyReserved(name, way, true)
    if (!isToken(name) || name.includes('*'))
      yield error(path, 'is not a field name, expected one such as X-Tenant', 'key')
    else if (reserved !== undefined) yield error(path, `can not be set: it ${reserved}`, 'key')
    else if (earlier !== undefined)
      yield error(path, `is the same field as ${quote(earlier)} to servers: remove one`, 'key')
    known.set(folded, name)
    if (typeof written === 'string') yield* checkValue(written, way, path)
  }
}

/** A value may be a secret: none is quoted. */
function* checkValue(written: string, way: Way, at: Path): Iterable<Finding> {
  const parsed = parseTemplate(written)
  const wrong = wrongInValue(written)
  if (wrong !== undefined) yield error(at, `the value ${wrong}`)
  else if ('unknown' in parsed) {
    const variables = way === 'request' ? OF_REQUESTS : VARIABLES
    const meant = nearest(parsed.unknown, variables)
    const guess = meant === undefined ? '' : `; did you mean {${meant}}?`
    const known = variables.map(name => `{${name}}`).join(', ')
    yield error(at, `a word in braces is none of the variables ${known} (for a brace write {{)${guess}`)
  } else if (way === 'request' && parsed.includes('upstream', 1)) {
    yield error(at, '{upstream} is not known yet when the fields of a request are set: it is for response only')
  } else {
    const other = otherVariable(written)
    if (other !== undefined) yield warning(at, `is sent as it is written, did you mean {${other}}?`)
  }
}

function wrongInValue(written: string): string | undefined {
  if (!isHeaderValue(written)) return 'holds a line break, or characters that a header value cannot have'
  if (written.trim() === '') return 'is empty: to take a field away is what remove is for'
  return written === written.trim() ? undefined : 'begins or ends with a blank, which does not count in HTTP'
}

function wrongInFile(content: string): string | undefined {
  const wrong = wrongInValue(content)
  return wrong && `is no value: it ${wrong}`
}

function* checkNames(
  list: readonly string[],
  at: Path,
  reservedFor: (name: string) => string | undefined,
): Iterable<Finding> {
  for (const [i, name] of list.entries()) {
    const path = [...at, i]
    const plain = name.endsWith('*') ? name.slice(0, -1) : name
    const reserved = reservedFor(name)
    if (!isToken(plain) || plain.includes('*') || foldedName(plain).replaceAll('-', '') === '')
      yield error(path, `${quote(name)} is not a field name, expected one such as X-Powered-By, or X-Debug-*`)
    else if (reserved !== undefined) yield error(path, `${quote(name)} can not be named here: it ${reserved}`)
    else if (list.findIndex(each => each.toLowerCase() === name.toLowerCase()) < i)
      yield warning(path, `${quote(name)} is listed before`)
  }
}

export function* headersFiles(headers: HeadersDocument | undefined, at: Path): Iterable<NamedFile> {
  for (const way of ['request', 'response'] as const) {
    for (const [name, written] of Object.entries(headers?.[way]?.set ?? {})) {
      if (typeof written === 'object')
        yield { path: [...at, way, 'set', name, 'file'], file: written.file, wrongIn: wrongInFile }
    }
  }
}

export function compileHeaders(headers: HeadersDocument | undefined, files: Contents): FieldsPlan | undefined {
  if (headers === undefined) return undefined
  const { request, response } = headers
  return {
    request: request && ({ ...said(request, files), keep: request.keep ?? [] } satisfies RequestFieldsPlan),
    response: response && said(response, files),
  }
}

function said(
  { set = {}, remove = [] }: { readonly set?: Values; readonly remove?: readonly string[] },
  files: Contents,
) {
  const values = Object.entries(set).map(([name, written]): [string, string] => {
    // In a file braces are no variables.
    return [name, typeof written === 'string' ? written : files.get(written.file)!.replaceAll('{', '{{')]
  })
  return { set: Object.fromEntries(values), remove } satisfies ResponseFieldsPlan
}
