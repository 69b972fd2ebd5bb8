// Which requests may ask for anything where there are no tokens: those that use none of somebody else's names, which a page in a browser
// could have pointed here (DNS rebinding). Which may ask for a change: besides, only from this machine, and never from a browser.

import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { isLoopback } from '../../util/address-ranges.ts'

export interface Refused {
  readonly status: 403 | 415
  readonly detail: string
}

/** Sent by browsers for a page of another site. */
const FOREIGN_SITES: readonly unknown[] = ['cross-site', 'same-site']

/** @param boundTo what the admin listener is bound to; undefined = the request may change something */
export function refuseChange(
  request: Pick<FastifyRequest, 'headers' | 'principal'>,
  boundTo: string,
): Refused | undefined {
  const { headers, principal } = request
  if (principal === undefined && !isLoopback(boundTo)) {
    return forbidden(
      `changes are refused because the admin listener is bound to ${boundTo}, where others could ask too; bind it to 127.0.0.1 (admin.address), or set admin.tokens`,
    )
  }
  if (headers.origin !== undefined || FOREIGN_SITES.includes(headers['sec-fetch-site'])) {
    return forbidden('changes are not taken from browsers; use the command line (vigia drain) or an HTTP client')
  }
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') return { status: 415, detail: 'the body must be application/json' }
  return undefined
}

/** Without tokens: a request under a name that is not this machine's. @returns what is wrong with it; undefined = nothing */
export function foreignName(host: string | undefined): string | undefined {
  const name = hostOf(host)
  if (host === undefined || isIP(name) !== 0 || name === 'localhost') return undefined
  return `without admin.tokens this answers only where Host is an IP address or localhost, not ${JSON.stringify(name)}`
}

/** Of a Host field: without port and brackets, in lower case. */
function hostOf(host: string | undefined): string {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(host ?? '')
  return (parts?.[1] ?? parts?.[2] ?? '').toLowerCase()
}

function forbidden(detail: string): Refused {
  return { status: 403, detail }
}
