// Which requests may ask for a change. There are no tokens yet, so whoever reaches the listener may: therefore only from this machine,
// and never through a browser, which any web page could make send a request (also by a name of its own: DNS rebinding).

import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

export interface Refused {
  readonly status: 403 | 415
  readonly detail: string
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Sent by browsers for a page of another site. */
const FOREIGN_SITES: readonly unknown[] = ['cross-site', 'same-site']

/** @param boundTo what the admin listener is bound to; undefined = the request may change something */
export function refuseChange({ headers }: Pick<FastifyRequest, 'headers'>, boundTo: string): Refused | undefined {
  if (!isLoopback(boundTo)) {
    return forbidden(
      `changes are refused because the admin listener is bound to ${boundTo}, where others could ask too; bind it to 127.0.0.1 (admin.address)`,
    )
  }
  if (headers.origin !== undefined || FOREIGN_SITES.includes(headers['sec-fetch-site'])) {
    return forbidden('changes are not taken from browsers; use the command line (vigia drain) or an HTTP client')
  }
  const name = hostOf(headers.host)
  if (isIP(name) === 0 && name !== 'localhost' && name !== boundTo.toLowerCase()) {
    return forbidden(`changes are taken only where Host is an IP address or localhost, not ${JSON.stringify(name)}`)
  }
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') return { status: 415, detail: 'the body must be application/json' }
  return undefined
}

/** An address, or the name localhost, that nobody outside this machine reaches. */
export function isLoopback(host: string): boolean {
  const kind = isIP(host)
  if (kind === 0) return host.toLowerCase() === 'localhost'
  return LOOPBACK.check(host, kind === 6 ? 'ipv6' : 'ipv4')
}

/** Of a Host field: without port and brackets, in lower case. */
function hostOf(host: string | undefined): string {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(host ?? '')
  return (parts?.[1] ?? parts?.[2] ?? '').toLowerCase()
}

function forbidden(detail: string): Refused {
  return { status: 403, detail }
}
