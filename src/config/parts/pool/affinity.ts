// Affinity: how a client stays with the upstream that has its session. Which keys go together, secrets that are too short to sign
// with, cookies that would clash. A secret never appears in a message.

import Type, { type Static } from 'typebox'
import type { AffinityPlan } from '../../../plan/balance.ts'
import { TOKEN } from '../../forms/http.ts'
import type { Contents, NamedFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { described, duration, section, text } from '../../forms/schema-blocks.ts'
import { parseDuration } from '../../forms/units.ts'
import { compileHashKey } from './balance.ts'

const DEFAULTS = { ttl: '8h', sameSite: 'lax', path: '/', gone: 'redistribute' } as const
/** As many characters as 128 bits have in hexadecimal. */
const SHORTEST_KEY = 32
const WAYS = ['cookie', 'follow', 'by'] as const
const COOKIE_KEYS = ['ttl', 'keys', 'keyFile', 'sameSite', 'path'] as const
const MAKE_ONE = 'openssl rand -hex 32'
const KEY_HINT = `; make one with: ${MAKE_ONE}`

export const affinitySchema = section(
  {
    cookie: Type.Optional(
      Type.String({
        pattern: `^${TOKEN}$`,
        title: 'the name of a cookie',
        description:
          'Name of a cookie that vigia sets: signed, HttpOnly, and without any address in it. Needs `keys` or `keyFile`. An answer that sets it gets `Cache-Control: private`; one that shared caches keep (public, max-age, Expires, or Last-Modified alone) and that sets no cookie itself goes without it, and a later one brings it. Of several of that name the first that verifies counts.',
      }),
    ),
    follow: Type.Optional(
      Type.String({
        pattern: `^(cookie|header):${TOKEN}$`,
        title: '"cookie:NAME" or "header:NAME"',
        description:
          "A cookie or request header of the application: the same value goes to the same upstream. vigia does not learn which upstream issued it, so this suits sessions that every upstream can load, not those in one's memory.",
      }),
    ),
    by: Type.Optional(
      Type.Literal('address', {
        title: '"address"',
        description: "The client's address: the same one goes to the same upstream.",
      }),
    ),
    ttl: Type.Optional(
      duration(
        'Duration. With `cookie`: how long a client that stays away keeps its upstream; renewed while it is there.',
        DEFAULTS.ttl,
        'until the browser is closed',
      ),
    ),
    keys: Type.Optional(
      Type.Array(
        text(
          'a secret',
          'A secret of at least 32 characters; a dollar sign before {ENV} takes it from the environment.',
        ),
        {
          minItems: 1,
          title: 'a list with at least one secret',
          description:
            'With `cookie`: secrets that sign the cookie. The first signs, all are honoured: put a new one first, remove the old one after `ttl`. The same on every instance of vigia.',
        },
      ),
    ),
    keyFile: Type.Optional(
      text(
        'a file path',
        'With `cookie`: file with the secrets instead, one a line, relative to the configuration file.',
      ),
    ),
    sameSite: Type.Optional(
      Type.Union([Type.Literal('lax'), Type.Literal('strict'), Type.Literal('none')], {
        title: '"lax", "strict" or "none"',
        ...described(
          'With `cookie`: its SameSite; `none` for an ERP shown inside pages of another site, which needs TLS.',
          DEFAULTS.sameSite,
        ),
      }),
    ),
    path: Type.Optional(text('a path that begins with /', 'With `cookie`: its Path.', DEFAULTS.path)),
    gone: Type.Optional(
      Type.Union([Type.Literal('redistribute'), Type.Literal('fail')], {
        title: '"redistribute" or "fail"',
        ...described(
          'When the upstream of a client is out: `redistribute` sends it to another one, and back from a later priority when an earlier one serves again; `fail` answers 503 until it is back.',
          DEFAULTS.gone,
        ),
      }),
    ),
  },
  'Keeps a client on one upstream: by a cookie of vigia (`cookie`), by one of the application (`follow`), or by address (`by`). Default: none.',
)

type AffinityDocument = Static<typeof affinitySchema>

export function* checkAffinity(affinity: AffinityDocument | undefined, at: Path): Iterable<Finding> {
  if (affinity === undefined) return
  const ways = WAYS.filter(way => affinity[way] !== undefined)
  if (ways.length === 0) {
    yield error(at, 'says not by what: set cookie: NAME, or follow: cookie:NAME or header:NAME, or by: address', 'key')
  }
  for (const way of ways.slice(1)) yield error([...at, way], `goes by ${ways[0]} already: remove one of them`, 'key')
  if (affinity.cookie !== undefined) yield* checkCookie(affinity, at)
  else if (ways.length > 0) {
    for (const key of COOKIE_KEYS) {
      if (affinity[key] !== undefined)
        yield error([...at, key], `only a cookie of vigia has this key, not ${ways[0]}: remove it`, 'key')
    }
  }
}

/** Two pools that set one cookie would take each other's clients away, where a browser reaches both under one name. */
export function* checkCookieNames(
  pools: Readonly<Record<string, { readonly affinity?: AffinityDocument }>>,
): Iterable<Finding> {
  const owners = new Map<string, string>()
  for (const [name, { affinity }] of Object.entries(pools)) {
    if (affinity?.cookie === undefined) continue
    const cookie = `${affinity.cookie} ${affinity.path ?? DEFAULTS.path}`
    const owner = owners.get(cookie)
    if (owner !== undefined) {
      yield warning(
        ['pools', name, 'affinity', 'cookie'],
        `${quote(affinity.cookie)} is the cookie of pool ${quote(owner)} too: where one browser uses both, each overwrites the other's; give it a name of its own`,
      )
    }
    owners.set(cookie, owner ?? name)
  }
}

function* checkCookie({ keys, keyFile, path }: AffinityDocument, at: Path): Iterable<Finding> {
  if (keys === undefined && keyFile === undefined) {
    yield error(at, `a cookie needs a secret that signs it: set keys: ["\${NAME}"], or keyFile: PATH${KEY_HINT}`, 'key')
  }
  if (keys !== undefined && keyFile !== undefined) {
    yield error([...at, 'keyFile'], 'the secrets stand in keys already: remove one of them', 'key')
  }
  for (const [i, key] of (keys ?? []).entries()) {
    if (isShortKey(key)) {
      yield error([...at, 'keys', i], `is shorter than ${SHORTEST_KEY} characters: it could be guessed${KEY_HINT}`)
    }
  }
  if (path !== undefined && !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) {
    yield error([...at, 'path'], `${quote(path)} is not a cookie's path, expected one such as / or /web`)
  }
}

export function* affinityFiles(affinity: AffinityDocument | undefined, at: Path): Iterable<NamedFile> {
  if (affinity?.keyFile !== undefined)
    yield { path: [...at, 'keyFile'], file: affinity.keyFile, wrongIn: wrongInKeyFile }
}

function wrongInKeyFile(content: string): string | undefined {
  const keys = keysInFile(content)
  return keys.length > 0 && !keys.some(isShortKey)
    ? undefined
    : `holds no secret, or one shorter than ${SHORTEST_KEY} characters; expected one a line, made with: ${MAKE_ONE}`
}

/** One a line. */
function keysInFile(content: string): string[] {
  return content
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}

/** It could be guessed. */
function isShortKey(key: string): boolean {
  return key.length < SHORTEST_KEY
}

export function compileAffinity(affinity: AffinityDocument, files: Contents): AffinityPlan {
  const { cookie, follow, keys, keyFile, gone, ...rest } = affinity
  const whenGone = { gone: gone ?? DEFAULTS.gone }
  if (cookie === undefined) return { ...whenGone, kind: 'follow', key: compileHashKey(follow ?? 'address') }
  return {
    ...whenGone,
    kind: 'cookie',
    name: cookie,
    ttlMs: parseDuration(rest.ttl ?? DEFAULTS.ttl)!,
    keys: keys ?? keysInFile(files.get(keyFile!)!),
    sameSite: rest.sameSite ?? DEFAULTS.sameSite,
    path: rest.path ?? DEFAULTS.path,
  }
}
