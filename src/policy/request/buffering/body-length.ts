// Whether the body of a request that says no length (chunked, HTTP/2) is gathered, to go up with one: servers there are that refuse it
// otherwise (411: Tryton, Apache with WSGI), and others that read nothing and answer 200 (uWSGI, Twisted).

import type { RequestBodyForm } from '../../../plan/pool.ts'

/** Servers whose applications find an empty body, as their Server field begins. uWSGI says no name. */
const LOSERS = /^twistedweb\b/i

/** @param form what the configuration says; undefined = nothing @param learned an upstream of the pool is known to need it */
export function wantsLength(form: RequestBodyForm | undefined, learned: boolean): boolean {
  return form === 'length' || (form === undefined && learned)
}

/** What a server is known to do with a body that says no length. @param server its Server field; undefined = it has none */
export function losesChunks(server: string | undefined): boolean {
  return server !== undefined && LOSERS.test(server)
}
