// In front of every route with an unsafe method: refuses what a page in a browser could have sent, and without tokens everything where others
// can reach the listener. A route that says nothing is guarded. Besides: which names a request may use where there are no tokens, since a page
// can point a name of its own at this machine (DNS rebinding).

import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback } from '../../util/address-ranges.ts'
import { sendProblem } from '../answers/problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Why a route with an unsafe method need not be guarded. Default: it is. */
    unguarded?: string
  }
}

interface Denial {
  readonly status: 403 | 415
  readonly detail: string
}

/** RFC 9110 9.2.1, of those that have routes. */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** Sent by browsers for a page of another site. */
const FOREIGN_SITES: readonly unknown[] = ['cross-site', 'same-site']

/**
 * To be called after guardAccess, which says whose token a request shows, and before any route is added.
 * @param boundTo host that the admin listener is bound to
 */
export function guardChanges(app: FastifyInstance, boundTo: string): void {
  // Before the body is read: nobody is made to send one in vain.
  app.addHook('onRequest', async (request, reply) => {
    const { is404, method, routeOptions } = request
    if (is404 || SAFE_METHODS.includes(method) || routeOptions.config.unguarded !== undefined) return
    const denial = denyChange(request, boundTo)
    if (denial !== undefined) return sendProblem(reply, denial.status, denial.detail)
  })
}

/** @returns undefined = the request may change something */
function denyChange(
  { headers, principal }: Pick<FastifyRequest, 'headers' | 'principal'>,
  boundTo: string,
): Denial | undefined {
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

function forbidden(detail: string): Denial {
  return { status: 403, detail }
}
