// Cross-checks of affinity: which keys go together, keys that are too short to sign with, cookies that would clash.
// A secret never appears in a message.

import { DEFAULTS } from '../defaults.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { AffinityDocument, ConfigDocument } from '../schema.ts'

/** As many characters as 128 bits have in hexadecimal. */
export const SHORTEST_KEY = 32

const WAYS = ['cookie', 'follow', 'by'] as const
const COOKIE_KEYS = ['ttl', 'keys', 'keyFile', 'sameSite', 'path'] as const
const KEY_HINT = '; make one with: openssl rand -hex 32'

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
export function* checkCookieNames({ pools }: ConfigDocument): Iterable<Finding> {
  const owners = new Map<string, string>()
  for (const [name, { affinity }] of Object.entries(pools)) {
    if (affinity?.cookie === undefined) continue
    const cookie = `${affinity.cookie} ${affinity.path ?? DEFAULTS.affinity.path}`
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

/** Whether a text is fit to sign with. */
export function isShortKey(key: string): boolean {
  return key.length < SHORTEST_KEY
}

/** The secrets of a key file: one a line. */
export function keysInFile(content: string): string[] {
  return content
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
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
