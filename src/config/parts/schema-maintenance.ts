// The part of the schema that describes maintenance windows and freezes. The admin API takes windows in the same form.

import Type, { type Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { boolean, described, duration, section, text } from './schema-parts.ts'

/** One printable line: it goes into logs, pages and onto terminals, where bidirectional controls would read as something else. */
export const LINE_PATTERN =
  '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$'

const line = (most: number, description: string) =>
  Type.String({
    maxLength: most,
    pattern: LINE_PATTERN,
    title: `one line of text, at most ${most} characters`,
    description,
  })

const bypassHeader = section(
  {
    name: Type.String({
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      maxLength: 100,
      title: 'the name of a header, such as X-Release-Check',
      description: 'Name of the request header.',
    }),
    value: Type.Optional(
      text(
        'the value of the header',
        'Value that the header must have. It is a secret: who knows it passes. Either this or `valueFile`.',
      ),
    ),
    valueFile: Type.Optional(
      text('a file path', 'File that holds the value, relative to the configuration file. Either this or `value`.'),
    ),
  },
  'A request header that lets pass.',
)

export const windowSchema = section(
  {
    name: line(
      100,
      'Name of the window in status, calendar and audit; unique. Orders (end, confirm) are given for it.',
    ),
    pool: Type.Optional(text('the name of a pool', 'Scope: all of this pool.')),
    upstream: Type.Optional(text('POOL/UPSTREAM', 'Scope: this one upstream, as POOL/UPSTREAM.')),
    route: Type.Optional(text('the name of a route', 'Scope: the requests of this route.')),
    everything: Type.Optional(Type.Literal(true, { title: 'true', description: 'Scope: all pools and routes.' })),
    freeze: Type.Optional(
      boolean(
        'true = a change freeze: traffic is left alone, but changes of the configuration, drains and disablings in its scope are refused.',
        DEFAULTS.maintenance.freeze,
      ),
    ),
    start: text(
      'a local date and time such as 2026-12-06T02:00',
      'Local date and time of the (first) start in `timeZone`, without offset.',
    ),
    duration: Type.Optional(
      duration('Duration. How long it lasts, as time that passes. Either this or `end`.', undefined),
    ),
    end: Type.Optional(
      text(
        'a local date and time such as 2026-12-06T06:00',
        'Local date and time of the (first) end: what the clock on the wall shows, also in a night in which clocks change. Either this or `duration`.',
      ),
    ),
    timeZone: text(
      'the IANA name of a time zone, such as America/Sao_Paulo',
      'IANA name of the time zone of `start` and `end`.',
    ),
    repeat: Type.Optional(
      text(
        'an RFC 5545 rule such as FREQ=MONTHLY;BYDAY=1SU',
        'RFC 5545 RRULE without DTSTART. Default: it takes place once.',
      ),
    ),
    except: Type.Optional(
      Type.Array(text('a date such as 2026-12-24', 'Date, or local date and time, of a start.'), {
        maxItems: 1000,
        title: 'a list of dates such as 2026-12-24',
        description: 'Starts of the rule that are left out: dates, or local dates and times. Default: none.',
      }),
    ),
    reason: Type.Optional(line(500, 'What users and colleagues read. Default: the name.')),
    behaviour: Type.Optional(
      Type.Union([Type.Literal('drain'), Type.Literal('answer')], {
        title: '"drain" or "answer"',
        description:
          'What requests in scope meet: `answer` = a 503 that says why and until when, `drain` = the upstreams are merely out. Default: drain for an upstream, else answer.',
      }),
    ),
    lead: Type.Optional(
      duration(
        'Duration. How long before the start the upstreams in scope are drained: no new sessions.',
        DEFAULTS.maintenance.lead,
        'no lead-in',
      ),
    ),
    overrun: Type.Optional(
      Type.Union([Type.Literal('reopen'), Type.Literal('confirm')], {
        title: '"reopen" or "confirm"',
        ...described(
          'What its end does: `reopen` opens, `confirm` stays closed until `vigia maintenance confirm NAME`.',
          DEFAULTS.maintenance.overrun,
        ),
      }),
    ),
    onlyWhenHealthy: Type.Optional(
      boolean(
        'true = after the end it stays closed until the probes of all upstreams in scope pass; those that an operator has taken out do not count.',
        DEFAULTS.maintenance.onlyWhenHealthy,
      ),
    ),
    bypass: Type.Optional(
      section(
        {
          addresses: Type.Optional(
            Type.Array(text('an address or range such as 10.0.0.0/8', 'Address or CIDR range of clients.'), {
              maxItems: 1000,
              title: 'a list of addresses or ranges such as 10.0.0.0/8',
              description: 'Clients that pass. Default: none.',
            }),
          ),
          header: Type.Optional(bypassHeader),
        },
        'Who passes all the same, to verify a release before it opens: any of these. Default: nobody.',
      ),
    ),
  },
  'A maintenance window or a change freeze. Its scope is exactly one of pool, upstream, route, everything.',
)

export type WindowDocument = Static<typeof windowSchema>

export const maintenanceSchema = Type.Array(windowSchema, {
  maxItems: 500,
  title: 'a list of windows',
  description: 'Planned maintenance and change freezes. Default: none.',
})

export const minAvailableSchema = Type.Integer({
  minimum: 0,
  maximum: 1000,
  title: 'a whole number from 0 to 1000',
  ...described(
    'Upstreams that maintenance windows must leave available; a window that would leave fewer is refused, or postponed. It does not bind windows that answer for the whole pool.',
    DEFAULTS.minAvailable,
  ),
})

export const integrationSchema = boolean(
  'Declares that the route serves programs of partners. Effect: in a maintenance window they are answered in JSON, whatever they accept.',
  DEFAULTS.integration,
)

export const languageSchema = Type.Union(
  [Type.Literal('en'), Type.Literal('pt'), Type.Literal('es'), Type.Literal('it'), Type.Literal('de')],
  {
    title: 'one of en, pt, es, it, de',
    ...described(
      "Language of vigia's own pages where a client accepts none of those that there are.",
      DEFAULTS.language,
    ),
  },
)
