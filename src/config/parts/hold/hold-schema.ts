// The schema of a route's key `hold`. What it compiles to is route-hold.ts.

import Type, { type Static } from 'typebox'
import { described, integer, section, size, span, text } from '../../forms/schema-blocks.ts'
import { RATE_PATTERN } from '../../forms/units.ts'
import { answerSchema } from './hold-answer.ts'
import { orderSchema } from './hold-order.ts'

const REASONS = ['window', 'outage', 'queue-full'] as const
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
export const DEFAULTS = {
  during: REASONS,
  paused: 'hold',
  methods: METHODS,
  body: '1MiB',
  ttl: '7d',
  max: { requests: 100_000, bytes: '2GiB' },
  order: 'route',
  dedupe: 'idempotency-key',
  forward: { rate: '20/s', concurrency: 4, after: '30s', retry: { attempts: 10, first: '5s', most: '10m' } },
  result: { keep: '7d', body: '64KiB' },
  inDoubt: 'stop',
} as const

export const SHORTEST_SECRET = 16

const forward = section(
  {
    rate: Type.Optional(
      Type.String({
        pattern: RATE_PATTERN,
        title: 'a rate such as 20/s or 600/m',
        ...described(
          'Held requests that are sent per second, minute or hour, at most: what live requests need goes first.',
          DEFAULTS.forward.rate,
        ),
      }),
    ),
    concurrency: Type.Optional(
      integer(1, 10_000, 'How many of them are under way at once, at most.', DEFAULTS.forward.concurrency),
    ),
    after: Type.Optional(
      span(
        'Length of time. So long the pool has to serve before anything is sent; 0s = as soon as it serves.',
        DEFAULTS.forward.after,
        'at once',
      ),
    ),
    retry: Type.Optional(
      section(
        {
          attempts: Type.Optional(
            integer(1, 1000, 'Attempts; then it is a dead letter.', DEFAULTS.forward.retry.attempts),
          ),
          first: Type.Optional(
            span('Length of time before the second attempt; it doubles with each.', DEFAULTS.forward.retry.first),
          ),
          most: Type.Optional(span('Longest time between two attempts.', DEFAULTS.forward.retry.most)),
        },
        'Further attempts of a request that was provably not carried out, or that may be carried out twice.',
      ),
    ),
  },
  'How what is held is carried out once the pool serves again.',
)

const callback = section(
  {
    hosts: Type.Array(
      Type.String({
        pattern: '^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
        title: 'a host name such as shop.example.com',
        description: 'Host name, or IPv4 address.',
      }),
      { minItems: 1, maxItems: 100, title: 'a list of host names', description: 'Nobody else is ever called.' },
    ),
    secretFile: text(
      'a file path',
      `File with the key of the HMAC that signs each call: one line of at least ${SHORTEST_SECRET} characters; relative to the configuration file.`,
    ),
  },
  'Senders may ask to be called once their request is carried out: `Prefer: respond-async` and a field `Callback: URL`, an https URL of one of these hosts. Default: nobody is called.',
)

const max = section(
  {
    requests: Type.Optional(integer(1, 10_000_000, 'Requests that are held at once.', DEFAULTS.max.requests)),
    bytes: Type.Optional(size('Size of their heads and bodies, on the disk.', DEFAULTS.max.bytes)),
  },
  'How much may be held. Effect: beyond it requests are answered as without `hold`.',
)

const result = section(
  {
    keep: Type.Optional(
      span('Length of time for which answers, and what was dropped, are kept.', DEFAULTS.result.keep),
    ),
    body: Type.Optional(size('Size. So much of the body of an answer is kept.', DEFAULTS.result.body, 'nothing of it')),
  },
  'What is kept of the answers, for senders who ask.',
)

export const holdSchema = section(
  {
    during: Type.Optional(
      Type.Array(Type.Union(REASONS.map(each => Type.Literal(each))), {
        uniqueItems: true,
        title: 'a list of window, outage, queue-full',
        ...described(
          'While requests are held: a maintenance window closes the route; no upstream can be reached; the queue of the pool is full, or took too long. Only what provably was not carried out is held.',
          DEFAULTS.during,
        ),
      }),
    ),
    paused: Type.Optional(
      Type.Union([Type.Literal('hold'), Type.Literal('refuse')], {
        title: '"hold" or "refuse"',
        ...described('What becomes of requests while somebody has paused the route.', DEFAULTS.paused),
      }),
    ),
    methods: Type.Optional(
      Type.Array(Type.Union(METHODS.map(each => Type.Literal(each))), {
        minItems: 1,
        uniqueItems: true,
        title: 'a list of POST, PUT, PATCH, DELETE',
        ...described('Methods whose requests are held.', DEFAULTS.methods),
      }),
    ),
    body: Type.Optional(
      size(
        'Size, up to 16MiB, with an order by json up to 1MiB. Longest body that is held; each is gathered in memory before an upstream is chosen.',
        DEFAULTS.body,
      ),
    ),
    ttl: Type.Optional(
      span(
        'Length of time. What was not carried out by then is a dead letter: kept, shown, and sent again only if somebody says so.',
        DEFAULTS.ttl,
      ),
    ),
    max: Type.Optional(max),
    order: Type.Optional(orderSchema(DEFAULTS.order)),
    dedupe: Type.Optional(
      Type.Union([Type.Literal('idempotency-key'), Type.Literal('body'), Type.Literal('off')], {
        title: '"idempotency-key", "body" or "off"',
        ...described(
          'What makes a request the repeat of one that is held, or whose answer is kept: the same Idempotency-Key, or the same method, target and body, with the same Authorization. Effect: it gets the same answer and is not held twice; the same key with another request is answered 422.',
          DEFAULTS.dedupe,
        ),
      }),
    ),
    answer: Type.Optional(answerSchema),
    forward: Type.Optional(forward),
    result: Type.Optional(result),
    inDoubt: Type.Optional(
      Type.Union([Type.Literal('stop'), Type.Literal('go-on')], {
        title: '"stop" or "go-on"',
        ...described(
          'What becomes of the later requests of the same `order` when nobody knows whether one was carried out: they wait until a person says, or they go on.',
          DEFAULTS.inDoubt,
        ),
      }),
    ),
    callback: Type.Optional(callback),
  },
  'Holds requests while the pool does not serve: each is written to disk, answered 202 with where to ask for its result, and carried out in order once the pool serves again. For routes of programs whose senders take a 202 for success. XML-RPC and SOAP are held only with an `answer` of their own. Held with all fields, credentials among them (`held.keyFiles` encrypts them). Needs a `store`. Default: nothing is held.',
)

export type HoldDocument = Static<typeof holdSchema>
