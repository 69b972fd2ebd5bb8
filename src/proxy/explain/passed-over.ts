// Why a route does not take a request: which parts of its match the request does not fit, by the same matching that routes it.

import type { RouteMatch } from '../../plan/route.ts'
import { compileRoutes, matchRoute } from '../../policy/request/routing.ts'
import type { Mismatch } from '../../shared/explain/route-explanation.ts'

const ANY: RouteMatch = { listeners: [], hosts: [], path: '/', methods: [] }
const PARTS = ['listeners', 'hosts', 'path', 'methods'] as const satisfies readonly Mismatch[]

/** @param path normalised */
export function mismatchesOf(
  match: RouteMatch,
  listener: string,
  host: string,
  path: string,
  method: string,
): Mismatch[] {
  return PARTS.filter(part => {
    const table = compileRoutes([{ ...ANY, [part]: match[part] }], listener)
    return matchRoute(table, host, path, method) === -1
  })
}
