// Schemas of integrations and of held requests.

import { HELD_STATES } from '../../contract/held.ts'
import {
  BY,
  closed,
  flag,
  line,
  list,
  number,
  object,
  oneOf,
  orNull,
  REASON,
  ref,
  type Schema,
  text,
  time,
  whole,
} from '../schema-blocks.ts'

const TAGS = ['integrations']
const STATE = oneOf(...HELD_STATES)
const CLASSES = { '2xx': whole(), '3xx': whole(), '4xx': whole(), '5xx': whole() }

export const INTEGRATION: Schema = {
  $id: 'Integration',
  description: 'A route that holds requests, serves programs of partners, or is paused.',
  ...object({
    route: text(),
    pool: orNull(text('Null = the configuration does not name the route.')),
    paused: orNull(
      object({
        by: text(),
        reason: text(),
        since: time(),
        until: orNull(time('Null = until somebody resumes it.')),
        meanwhile: orNull(object({ held: whole(), refused: whole(), forwarded: whole() })),
      }),
    ),
    held: orNull(
      object({
        waiting: whole(),
        sending: whole(),
        inDoubt: whole('Nobody knows whether they were carried out.'),
        dead: whole('They could not be delivered.'),
        bytes: whole('Of these four.'),
        oldestS: orNull(whole('Of the oldest that waits.')),
        perSecond: number('Forwarded, over the last minute.'),
        emptyAt: orNull(time('When none will wait any more; null = none does, or nobody knows.')),
        gate: object({ open: flag(), why: orNull(text()), until: orNull(time()) }),
        totals: object({
          held: whole('Since the start, as are all of these.'),
          repeats: whole('Of one that was held already.'),
          refused: whole('Could not be held.'),
          forwarded: whole(),
          answered: object(CLASSES),
          dead: whole(),
          inDoubt: whole(),
          dropped: whole(),
        }),
      }),
    ),
    answers: object({ '1xx': whole(), ...CLASSES }),
    availability: orNull(number('Share of the answers that is no 5xx, from 0 to 1.')),
  }),
}

export const HELD_STORE = object({
  state: oneOf('ok', 'degraded'),
  reason: orNull(text('What is wrong and what to do.')),
  since: orNull(time()),
  callbacks: whole('Senders who are still to be called back.'),
})

export const INTEGRATIONS = object({ integrations: list(ref('Integration')), store: orNull(HELD_STORE) })

const ROW = {
  id: text(),
  route: text(),
  key: text('What its order is kept by; empty = the route.'),
  state: STATE,
  method: text(),
  path: text('Without the query.'),
  client: text('Its address.'),
  requestId: text(),
  bodyBytes: whole(),
  receivedAt: time(),
  expiresAt: time('After it, it is a dead letter.'),
  attempts: whole(),
  nextAt: orNull(time('When it is tried again.')),
  status: orNull(whole("Of the upstream's answer.")),
  upstream: orNull(text()),
  endedAt: orNull(time()),
  note: text('Why it waits, failed or was dropped.'),
}
const FIELDS = { ...list({ type: 'array' }), description: 'Name and value; null = not shown here.' }
const BODY = {
  type: 'object',
  properties: { text: text(), base64: text() },
  description: 'Text where it is UTF-8, else base64.',
}

const NUMBER: Schema = { type: 'string', pattern: '^[0-9]{1,15}$' }
const WHICH = { route: line(200), state: STATE, key: line(500) }
const ID: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' }
/** Most that one order is for. */
export const MOST_IDS = 1000
const IDS = { type: 'array', items: ID, minItems: 1, maxItems: MOST_IDS }
const ORDER = { by: BY, unrecorded: flag() }
const DONE = {
  description: 'What was done, and what was left, with its reason.',
  ...object({ done: list(text()), left: list(object({ id: text(), why: text() })) }),
}
const DETAIL = object({ ...ROW, fields: FIELDS, result: orNull(object({ fields: FIELDS })) })
const CONTENT = object({ ...ROW, fields: FIELDS, body: BODY, result: orNull(object({ fields: FIELDS, body: BODY })) })

export const SCHEMAS = {
  integrations: {
    summary: 'Integrations: what each holds, whether it is paused, what its clients got',
    tags: TAGS,
    response: {
      200: {
        description: 'In the order of the configuration.',
        ...INTEGRATIONS,
      },
    },
  },
  pause: {
    summary: 'Pauses an integration: its requests are held, or refused, and none that are held are sent',
    tags: TAGS,
    body: closed(
      {
        ...ORDER,
        reason: REASON,
        until: {
          type: 'string',
          maxLength: 64,
          description: 'A time with its offset or Z, or for how long: 2h. Default: until it is resumed.',
        },
        override: flag('Also in a change freeze.'),
      },
      ['reason'],
    ),
    response: { 200: { description: 'The integration as it is now.', ...ref('Integration') } },
  },
  resume: {
    summary: 'Ends the pause of an integration',
    tags: TAGS,
    body: closed({ ...ORDER, reason: REASON }),
    response: { 200: { description: 'The integration as it is now.', ...ref('Integration') } },
  },
  list: {
    summary: 'Held requests, in the order of their arrival',
    tags: TAGS,
    querystring: closed({
      ...WHICH,
      limit: { ...NUMBER, description: 'Most rows, 1 to 1000; default 100.' },
      cursor: { ...NUMBER, description: '`next` of the page before.' },
    }),
    response: {
      200: {
        description: 'The oldest first.',
        ...object({ rows: list(object(ROW)), next: orNull(whole('For `cursor`; null = that was all.')) }),
      },
    },
  },
  show: {
    summary: 'A held request, without its body, and without the values of fields that may be personal',
    tags: TAGS,
    response: { 200: { description: 'As it is now.', ...DETAIL } },
  },
  content: {
    summary: 'All that a held request says, but for secrets of its client; that it was read is audited',
    tags: TAGS,
    body: closed({ by: BY, reason: REASON }, ['reason']),
    response: { 200: { description: 'As it is now.', ...CONTENT } },
  },
  retry: {
    summary: 'Sends held requests again: dead ones and ones in doubt, too',
    tags: TAGS,
    body: closed(
      {
        ...ORDER,
        ids: IDS,
        reason: REASON,
        at: {
          type: 'string',
          maxLength: 64,
          description:
            'Not before: a time with its offset or Z, or in how long. Later ones of its key wait for it. Default: as soon as it may.',
        },
        ttl: {
          type: 'string',
          maxLength: 16,
          description: 'How long each has from now on, such as 7d. Default: as its route says.',
        },
      },
      ['ids', 'reason'],
    ),
    response: { 200: DONE },
  },
  drop: {
    summary: 'Gives held requests up for good',
    tags: TAGS,
    body: closed({ ...ORDER, ids: IDS, reason: REASON }, ['ids', 'reason']),
    response: { 200: DONE },
  },
  settle: {
    summary: 'Says what became of a held request in doubt: it was carried out, or it goes again',
    tags: TAGS,
    body: closed({ ...ORDER, id: ID, carriedOut: { type: 'boolean' }, reason: REASON }, ['id', 'carriedOut', 'reason']),
    response: { 200: DONE },
  },
  export: {
    summary: 'Held requests for reconciliation, all of them, without what they say',
    tags: TAGS,
    querystring: closed({ ...WHICH, format: { ...oneOf('csv', 'ndjson'), description: 'Default: ndjson.' } }),
    response: {
      200: {
        description: 'A row each, in the order of their arrival.',
        content: { 'application/x-ndjson': { schema: object(ROW) }, 'text/csv': { schema: text() } },
      },
    },
  },
} as const
