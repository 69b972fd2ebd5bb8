// How bodies of requests go to the upstreams of a pool, where they say no length.

import Type, { type Static } from 'typebox'
import type { Application, RequestBodyForm } from '../../../plan/pool.ts'
import type { Otherwises } from '../../forms/otherwise.ts'
import { type Finding, type Path, warning } from '../../forms/problem.ts'

/** Applications that refuse what says no length. */
const NEEDING: readonly Application[] = ['tryton']

export const requestBodySchema = Type.Union([Type.Literal('as-is'), Type.Literal('length')], {
  title: '"as-is" or "length"',
  description:
    'How a request body goes up that says no length (Transfer-Encoding: chunked, many uploads by HTTP/2 and by programs). `length` gathers it, in `buffers`, and sends it with Content-Length; its trailers are dropped, and one that is longer than `buffer.request.max`, or finds no room, is answered 411. Right for uWSGI and Twisted, whose applications find an empty body otherwise and answer 200, and for Tryton and Apache with WSGI, which answer 411. `as-is` leaves it chunked. Default: `length` for the application tryton; else `as-is` until an upstream answers 411 or says that it is Twisted, then `length` for its pool, and what was refused is sent again where all of it is at hand (64KiB of it are kept for that).',
})

interface RequestBodyDocument {
  readonly application?: Application
  readonly requestBody?: Static<typeof requestBodySchema>
}

export function* checkRequestBody({ application, requestBody }: RequestBodyDocument, at: Path): Iterable<Finding> {
  if (requestBody === 'as-is' && application !== undefined && NEEDING.includes(application))
    yield warning(
      [...at, 'requestBody'],
      `uploads that say no length will fail: ${application} answers them 411; remove this key, or set length`,
    )
}

export function compileRequestBody({ application, requestBody }: RequestBodyDocument): RequestBodyForm | undefined {
  return requestBody ?? (application !== undefined && NEEDING.includes(application) ? 'length' : undefined)
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_REQUEST_BODY: Otherwises = {
  'pools.*.requestBody': ({ beside, at }) => {
    const value = compileRequestBody(beside)
    return value && { value, by: 'application', from: [...at, 'application'] }
  },
}
