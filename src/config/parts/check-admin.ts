// Cross-checks of the admin listener: no listener that others can reach without tokens, and tokens that say whose they are and where
// they stand. A token never appears in a message.

import { isLoopback, parseAddress } from '../address.ts'
import { DEFAULTS } from '../defaults.ts'
import { error, type Finding, type Path, quote } from '../read/problem.ts'
import type { ConfigDocument } from '../schema.ts'

/** As many characters as 128 bits have in hexadecimal. */
export const SHORTEST_TOKEN = 32
const TOKEN = /^[A-Za-z0-9\-._~+/]{1,512}=*$/
const MAKE_ONE = 'make one with: vigia token'

export function* checkAdmin({ admin }: ConfigDocument): Iterable<Finding> {
  if (admin === false) return
  const text = admin?.address ?? DEFAULTS.admin
  const address = parseAddress(text)
  if (!('wrong' in address) && !isLoopback(address.host) && admin?.tokens === undefined) {
    yield error(
      ['admin', 'address'],
      `${quote(text)} can be reached by others, who could then read and order everything: set tokens (${MAKE_ONE}), or bind it to 127.0.0.1`,
    )
  }
  const names = new Map<string, number>()
  const hashes = new Map<string, number>()
  for (const [i, { name, hash, tokenFile }] of (admin?.tokens ?? []).entries()) {
    const at: Path = ['admin', 'tokens', i]
    const first = names.get(name)
    if (first !== undefined) yield error([...at, 'name'], `${quote(name)} is the name of tokens[${first}] already`)
    names.set(name, first ?? i)
    if (hash === undefined && tokenFile === undefined)
      yield error(at, `says not which token: set hash, or tokenFile; ${MAKE_ONE}`, 'key')
    if (hash !== undefined && tokenFile !== undefined)
      yield error([...at, 'tokenFile'], 'the token is given by its hash already: remove one of them', 'key')
    if (hash === undefined) continue
    const same = hashes.get(hash.toLowerCase())
    if (same !== undefined)
      yield error([...at, 'hash'], `is the same token as tokens[${same}]: its author would not be known`)
    hashes.set(hash.toLowerCase(), same ?? i)
  }
}

/** What a token file holds is fit to be a token: nobody guesses it, and it can stand in a header. */
export function isToken(content: string): boolean {
  return content.length >= SHORTEST_TOKEN && TOKEN.test(content)
}
