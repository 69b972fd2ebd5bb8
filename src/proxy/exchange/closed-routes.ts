// Which routes a maintenance window answers, and who passes all the same. Compiled once for each message from control. Decides nothing
// about what is answered.

import { hash, timingSafeEqual } from 'node:crypto'
import type { Fields } from '../../http/fields.ts'
import type { WindowBypass } from '../../plan/window.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { inRanges } from '../../util/address-ranges.ts'

/** By the name of the route. */
export type ClosedRoutes = ReadonlyMap<string, Closed>

interface Closed {
  readonly closedRoute: ClosedRoute
  /** Empty = nobody passes. */
  readonly bypasses: readonly Bypass[]
}

type Bypass = (client: string, fields: Fields) => boolean

/** Undefined = no route is closed. */
export function compileClosedRoutes(closedRoutes: readonly ClosedRoute[] | undefined): ClosedRoutes | undefined {
  if (closedRoutes === undefined || closedRoutes.length === 0) return undefined
  return new Map(
    closedRoutes.map(each => [each.route, { closedRoute: each, bypasses: each.bypasses.map(compileBypass) }]),
  )
}

/** What answers a request of `route`; undefined = nothing does. @param client its address, as far as it is believed */
export function closedRouteOf(
  closedRoutes: ClosedRoutes,
  route: string,
  client: string,
  fields: Fields,
): ClosedRoute | undefined {
  const closed = closedRoutes.get(route)
  if (closed === undefined) return undefined
  const { bypasses } = closed
  const passes = bypasses.length > 0 && bypasses.every(bypass => bypass(client, fields))
  return passes ? undefined : closed.closedRoute
}

function compileBypass({ addresses, header }: WindowBypass): Bypass {
  const isListed = inRanges(addresses)
  if (header === undefined) return isListed
  const name = header.name.toLowerCase()
  const expected = Buffer.from(header.sha256, 'hex')
  return (client, fields) => isListed(client) || hasField(fields, name, expected)
}

/** One field of that name has the value: the time that it takes tells nothing of the value. */
function hasField({ names, values }: Fields, name: string, expected: Buffer): boolean {
  let found = false
  for (let i = 0; i < names.length; i += 1) {
    if (names[i]!.length !== name.length || names[i]!.toLowerCase() !== name) continue
    if (timingSafeEqual(digest(Buffer.from(values[i]!, 'latin1')), expected)) found = true
  }
  return found
}

/** Of one length, whatever was sent. */
function digest(value: Buffer): Buffer {
  return hash('sha256', value, 'buffer')
}
