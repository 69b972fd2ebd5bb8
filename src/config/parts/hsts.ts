// HTTP Strict Transport Security (RFC 6797) on a listener with TLS: browsers that have seen it ask for https:// only.

import Type, { type Static } from 'typebox'
import { type Finding, type Path, warning } from '../forms/problem.ts'
import { boolean, described, section } from '../forms/schema-blocks.ts'

const DEFAULT_MAX_AGE = '365d'
const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const MAX_AGE_PATTERN = '^(?:0|[1-9][0-9]{0,5}[smhd])$'
/** What the preload lists of browsers ask for (hstspreload.org). */
const PRELOAD_S = 365 * 86_400

export const hstsSchema = section(
  {
    maxAge: Type.Optional(
      Type.Union([Type.String({ pattern: MAX_AGE_PATTERN }), Type.Literal(0)], {
        title: 'a duration such as 300s, 8h or 365d, or 0 (browsers forget it)',
        ...described(
          'Duration. For how long browsers keep to https:// after each answer. 0 = they forget it: for the way back. Begin with a short one: what is longer can not be taken back from browsers that do not come again.',
          DEFAULT_MAX_AGE,
        ),
      }),
    ),
    includeSubDomains: Type.Optional(boolean('Holds for all subdomains of the host too.', false)),
    preload: Type.Optional(
      boolean(
        'Says that the host may stand in the list that browsers come with (hstspreload.org), from which it is not taken out for months.',
        false,
      ),
    ),
  },
  'Strict-Transport-Security (RFC 6797) in every answer of the listener, in place of what upstreams say themselves. Default: vigia says nothing of its own.',
)

export type HstsDocument = Static<typeof hstsSchema>

export function* checkHsts({ maxAge, includeSubDomains, preload }: HstsDocument, at: Path): Iterable<Finding> {
  if (preload && !(includeSubDomains && secondsOf(maxAge) >= PRELOAD_S))
    yield warning(
      [...at, 'preload'],
      'the list of browsers takes a host only with includeSubDomains: true and a maxAge of at least 365d',
    )
}

/** Value of the field. */
export function compileHsts({ maxAge, includeSubDomains, preload }: HstsDocument): string {
  return `max-age=${secondsOf(maxAge)}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

function secondsOf(maxAge: string | 0 = DEFAULT_MAX_AGE): number {
  const text = String(maxAge)
  return Number.parseInt(text, 10) * (SECONDS_OF[text.slice(-1)] ?? 1)
}
