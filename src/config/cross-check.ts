// What a schema can't say: rules that join several parts of a valid document. The list of them, and those of the top level.

import { MAX_SLOTS } from '../shared/upstream-table.ts'
import { type Address, isRange, parseAddress } from './address.ts'
import { DEFAULTS } from './defaults.ts'
import { isEveryone, RANGE_FORM } from './parts/check-access.ts'
import { checkAdmin } from './parts/check-admin.ts'
import { checkLimits } from './parts/check-limits.ts'
import { checkLog } from './parts/check-log.ts'
import { checkMaintenance, type Horizon } from './parts/check-maintenance.ts'
import { checkPools } from './parts/check-pools.ts'
import { checkRoutes, isZero, NO_RESPONSE_LIMIT } from './parts/check-routes.ts'
import { error, type Finding, type Path, quote, warning } from './read/problem.ts'
import type { ConfigDocument } from './schema.ts'

export function crossCheck(config: ConfigDocument, horizon: Horizon): Finding[] {
  return [
    ...checkListeners(config),
    ...checkAdmin(config),
    ...checkNames(config),
    ...checkRoutes(config),
    ...checkPools(config),
    ...checkRanges(config.trustedProxies ?? []),
    ...checkTimeouts(config.timeouts),
    ...checkLimits(config.limits),
    ...checkLog(config.accessLog),
    ...checkSlots(config.pools),
    ...checkMaintenance(config, horizon),
  ]
}

/** Addresses of the listeners and of the admin listener: their form, and no two on one port. */
function* checkListeners({ listeners, admin, workers }: ConfigDocument): Iterable<Finding> {
  const taken: { readonly address: Address; readonly by: string }[] = []
  const places: { readonly path: Path; readonly text: string; readonly by: string }[] = listeners.map(
    ({ name, address }, i) => ({
      path: ['listeners', i, 'address'],
      text: address,
      by: `listener ${quote(name)}`,
    }),
  )
  if (admin !== false)
    places.push({ path: ['admin', 'address'], text: admin?.address ?? DEFAULTS.admin, by: 'the admin listener' })
  for (const { path, text, by } of places) {
    const address = parseAddress(text)
    if ('wrong' in address) {
      yield error(
        path,
        `${quote(text)}: ${address.wrong}, expected an address such as 127.0.0.1:8080, :8080 or [::1]:8080`,
      )
      continue
    }
    if (address.port === 0) {
      if (path[0] === 'listeners' && workers !== 1)
        yield error(path, 'with port 0 each worker would get a port of its own: give a port, or set workers: 1')
      continue
    }
    const other = taken.find(known => overlaps(known.address, address))
    if (other) {
      const whose =
        by === 'the admin listener' && admin === undefined
          ? `the admin listener's default address ${text}`
          : quote(text)
      yield error(
        path,
        `${whose} is taken by ${other.by} already: choose another port${by === 'the admin listener' ? ', or set admin: false' : ''}`,
      )
    }
    taken.push({ address, by })
  }
}

function overlaps(a: Address, b: Address): boolean {
  return a.port === b.port && (a.host === b.host || isWildcard(a.host) || isWildcard(b.host))
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function* checkNames({ listeners, routes }: ConfigDocument): Iterable<Finding> {
  yield* repeated('listeners', listeners)
  yield* repeated('routes', routes)
}

function* repeated(list: string, entries: readonly { readonly name?: string }[]): Iterable<Finding> {
  const names = new Map<string, number>()
  for (const [i, { name }] of entries.entries()) {
    if (name === undefined) continue
    const first = names.get(name)
    if (first !== undefined) yield error([list, i, 'name'], `${quote(name)} is the name of ${list}[${first}] already`)
    names.set(name, first ?? i)
  }
}

function* checkRanges(ranges: readonly string[]): Iterable<Finding> {
  for (const [i, range] of ranges.entries()) {
    if (!isRange(range)) {
      yield error(['trustedProxies', i], `${quote(range)} is not an address or range, ${RANGE_FORM}`)
    } else if (isEveryone(range)) {
      yield warning(['trustedProxies', i], 'trusts everyone: any client can then claim any address')
    }
  }
}

function* checkTimeouts(timeouts: ConfigDocument['timeouts']): Iterable<Finding> {
  if (isZero(timeouts?.response)) yield warning(['timeouts', 'response'], NO_RESPONSE_LIMIT)
  if (isZero(timeouts?.head))
    yield warning(['timeouts', 'head'], 'without a limit clients that send slowly can hold every connection')
  if (isZero(timeouts?.connect))
    yield warning(
      ['timeouts', 'connect'],
      'without a limit a request waits as long as the system tries to connect, minutes',
    )
}

function* checkSlots(pools: ConfigDocument['pools']): Iterable<Finding> {
  const slots = Object.values(pools).reduce((sum, { upstreams }) => sum + 1 + upstreams.length, 1)
  if (slots > MAX_SLOTS) {
    yield error(
      ['pools'],
      `${slots - 1} pools and upstreams are more than the ${MAX_SLOTS - 1} that fit: split them over several instances`,
      'key',
    )
  }
}
