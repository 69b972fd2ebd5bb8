// What a held request is answered (the key `answer` of a route's `hold`).

import Type, { type Static } from 'typebox'
import type { HoldAnswer } from '../../../plan/hold.ts'
import { isHeaderValue } from '../../forms/http.ts'
import { error, type Finding, type Path, quote } from '../../forms/problem.ts'
import { described, section, text } from '../../forms/schema-blocks.ts'

const DEFAULTS = { status: 202, contentType: 'application/json' } as const
const VARIABLES: ReadonlySet<string> = new Set(['id', 'request-id'])
/** Braces around a word: what is no variable of vigia's is most likely meant to be one. */
const VARIABLE = /\{([A-Za-z][A-Za-z_-]*)\}/g
const XML = /^(?:text\/xml|application\/(?:[a-z0-9.-]+\+)?xml)\s*(?:;|$)/i
/** Past a declaration. */
const AN_XML_ELEMENT = /^\s*(?:<\?xml\b[^>]*\?>\s*)?<[A-Za-z_]/

export const answerSchema = section(
  {
    status: Type.Optional(
      Type.Union([Type.Literal(202), Type.Literal(200), Type.Literal(201)], {
        title: '202, 200 or 201',
        ...described(
          'Status of the answer. Other than 202 only for clients that take a 202 for an error.',
          DEFAULTS.status,
        ),
      }),
    ),
    contentType: Type.Optional(
      text('a media type such as text/xml; charset=utf-8', 'Content-Type of `body`.', DEFAULTS.contentType),
    ),
    body: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384,
        title: 'a text',
        description:
          'Body of the answer, with {id} for the id of the held request and {request-id} for that of the request. Default: JSON of vigia that says so.',
      }),
    ),
  },
  'What a held request is answered, beside Location, Retry-After and the request id. XML-RPC and SOAP are held only where this is a status 200 and a body of XML.',
)

type AnswerDocument = Static<typeof answerSchema>

export function* checkAnswer({ contentType, body }: AnswerDocument, at: Path): Iterable<Finding> {
  if (contentType !== undefined && (!isHeaderValue(contentType) || !/^[^\s/;]+\/[^\s/;]+/.test(contentType)))
    yield error(
      [...at, 'contentType'],
      `${quote(contentType)} is no media type, expected such as text/xml; charset=utf-8`,
    )
  if (contentType !== undefined && body === undefined)
    yield error([...at, 'contentType'], 'is the type of a body that is not there: set body too', 'key')
  for (const [whole, name] of (body ?? '').matchAll(VARIABLE)) {
    if (!VARIABLES.has(name!))
      yield error([...at, 'body'], `there is no variable ${quote(whole)}, expected {id} or {request-id}`)
  }
  if (body !== undefined && contentType !== undefined && XML.test(contentType) && !AN_XML_ELEMENT.test(body))
    yield error([...at, 'body'], 'is no XML, as contentType says it is')
}

/** `rpc`: clients of XML-RPC and SOAP can read it. */
export function compileAnswer(answer: AnswerDocument | undefined): HoldAnswer & { readonly rpc: boolean } {
  const { status, contentType } = { ...DEFAULTS, ...answer }
  const body = answer?.body
  return { status, contentType, body, rpc: status === 200 && body !== undefined && XML.test(contentType) }
}
