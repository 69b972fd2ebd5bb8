// How load is spread over the upstreams of a pool: the algorithm, and what `hash` hashes.

import Type, { type Static } from 'typebox'
import type { BalancePlan, HashKey } from '../../../plan/balance.ts'
import { TOKEN } from '../../forms/http.ts'
import type { LongForms } from '../../forms/otherwise.ts'
import { error, type Finding, type Path } from '../../forms/problem.ts'
import { described, number, section } from '../../forms/schema-blocks.ts'

const ALGORITHM = 'least-connections'
const BOUNDED_LOAD = 1.25

const algorithm = Type.Union(
  [
    Type.Literal('round-robin'),
    Type.Literal('least-connections'),
    Type.Literal('random-two'),
    Type.Literal('peak-ewma'),
    Type.Literal('hash'),
  ],
  {
    title: 'one of round-robin, least-connections, random-two, peak-ewma, hash',
    ...described(
      'How the next upstream is chosen: `round-robin` in turn by weight, `least-connections` the least busy for its weight, `random-two` the less busy of two drawn at random, `peak-ewma` the quickest of late, `hash` the same one for the same key.',
      ALGORITHM,
    ),
  },
)

export const balanceSchema = Type.Union(
  [
    algorithm,
    section(
      {
        algorithm,
        key: Type.Optional(
          Type.String({
            pattern: `^(address|(header|cookie):${TOKEN})$`,
            title: '"address", "header:NAME" or "cookie:NAME"',
            description:
              "What `hash` hashes: the client's address, a request header or a cookie. Required with `hash`, refused with others. A request without it is spread by the client's address.",
          }),
        ),
        boundedLoad: Type.Optional(
          number(
            1,
            100,
            'With `hash`: no upstream gets more than this factor times the mean of exchanges in flight; the next in the ranking takes over.',
            BOUNDED_LOAD,
          ),
        ),
      },
      'The algorithm with its options.',
      { title: 'a mapping with `algorithm`' },
    ),
  ],
  {
    title: 'round-robin, least-connections, random-two, peak-ewma, or a mapping with `algorithm`',
    ...described('How requests are spread over the available upstreams.', ALGORITHM),
  },
)

type BalanceDocument = Static<typeof balanceSchema>

export function* checkBalance(balance: BalanceDocument | undefined, at: Path): Iterable<Finding> {
  if (balance === undefined) return
  const { algorithm, key, boundedLoad } = typeof balance === 'string' ? { algorithm: balance } : balance
  if (algorithm === 'hash') {
    if (key === undefined) {
      yield error(at, 'hash needs a key: { algorithm: hash, key: address }, or key: header:NAME, or key: cookie:NAME')
    }
    return
  }
  const effective = algorithm ?? 'the default algorithm'
  if (key !== undefined) yield error([...at, 'key'], `only hash has a key, not ${effective}`, 'key')
  if (boundedLoad !== undefined)
    yield error([...at, 'boundedLoad'], `only hash has a bounded load, not ${effective}`, 'key')
}

export function compileBalance(balance: BalanceDocument | undefined): BalancePlan {
  const { algorithm, key, boundedLoad } = typeof balance === 'object' ? balance : { algorithm: balance }
  const kind = algorithm ?? ALGORITHM
  if (kind !== 'hash') return { kind }
  return { kind, key: compileHashKey(key ?? 'address'), boundedLoad: boundedLoad ?? BOUNDED_LOAD }
}

/** `address`, `header:NAME` or `cookie:NAME`. */
export function compileHashKey(key: string): HashKey {
  const colon = key.indexOf(':')
  const name = key.slice(colon + 1)
  // Header names are compared without case, cookie names with it (RFC 9110 5.1, RFC 6265 5.4).
  if (key.startsWith('header:')) return { from: 'header', name: name.toLowerCase() }
  return key.startsWith('cookie:') ? { from: 'cookie', name } : { from: 'address' }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_BALANCE = { 'balance.kind': 'balance' }

export const LONG_FORMS_OF_BALANCE: LongForms = { 'pools.*.balance': short => ({ algorithm: short }) }
