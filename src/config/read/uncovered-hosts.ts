// Hosts of routes that no certificate of a listener names: their browsers would turn their users away. Only where all certificates of the
// listener are files that could be read.

import { isCoveredBy } from '../../tls/certificate-names.ts'
import type { ConfigDocument } from '../document.ts'
import { type Finding, type Path, quote, warning } from '../forms/problem.ts'
import type { CheckedCertificate } from './certificates.ts'

export function* uncoveredHosts(
  { listeners, routes }: Pick<ConfigDocument, 'listeners' | 'routes'>,
  certificates: readonly CheckedCertificate[],
): Iterable<Finding> {
  const byListener = Map.groupBy(certificates, ({ path }) => (path[0] === 'listeners' ? path[1] : undefined))
  for (const [i, { name: listener, tls }] of listeners.entries()) {
    const known = byListener.get(i) ?? []
    if (known.length === 0 || known.length !== tls?.certificates?.length) continue
    const names = new Set(known.flatMap(each => each.names))
    const told = new Set<string>()
    for (const { host, path } of hostsOf(routes, listener)) {
      if (told.has(host) || host.includes('*') || isCoveredBy(host, names)) continue
      told.add(host)
      yield warning(
        path,
        `no certificate of listener ${quote(listener)} names ${quote(host)}: browsers turn its users away`,
      )
    }
  }
}

/** Of all routes that take requests of the listener, in lower case. */
function* hostsOf(routes: ConfigDocument['routes'], listener: string): Iterable<{ host: string; path: Path }> {
  for (const [i, { match }] of routes.entries()) {
    const { listener: only, host } = match ?? {}
    if (only !== undefined && ![only].flat().includes(listener)) continue
    const at: Path = ['routes', i, 'match', 'host']
    if (typeof host === 'string') yield { host: host.toLowerCase(), path: at }
    else for (const [k, each] of (host ?? []).entries()) yield { host: each.toLowerCase(), path: [...at, k] }
  }
}
