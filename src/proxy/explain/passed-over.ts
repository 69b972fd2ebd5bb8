// Why a route does not take a request: which parts of its match the request does not fit, by the same matching that routes it.

import type { RouteMatch } from '../../plan/route.ts'
import { CertificateClasses } from '../../policy/request/certificates/classes.ts'
import { RouteTables } from '../../policy/request/certificates/route-tables.ts'
import { matchRoute } from '../../policy/request/routing.ts'
import type { Mismatch } from '../../shared/explain/route-explanation.ts'

const ANY: RouteMatch = { listeners: [], hosts: [], path: '/', methods: [] }
const PARTS = ['listeners', 'hosts', 'path', 'methods', 'clientCertificate'] as const satisfies readonly Mismatch[]

/** Of a request without a certificate of its client. @param path normalised */
export function mismatchesOf(
  match: RouteMatch,
  listener: string,
  host: string,
  path: string,
  method: string,
): Mismatch[] {
  return PARTS.filter(part => {
    const table = new RouteTables(new CertificateClasses([{ ...ANY, [part]: match[part] }])).of(listener, undefined)
    return matchRoute(table, host, path, method) === -1
  })
}
