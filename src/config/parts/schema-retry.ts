// The part of the schema that describes retries: how many a pool may have, and what a route declares about its requests.

import Type from 'typebox'
import { RPC_METHOD_PATTERN } from '../../policy/request/rpc-reads.ts'
import { DEFAULTS } from '../defaults.ts'
import { boolean, described, integer, section, share, size } from './schema-parts.ts'

const { retry } = DEFAULTS

export const poolRetrySchema = section(
  {
    attempts: Type.Optional(
      integer(1, 10, 'Most attempts per request, the first included. 1 = never tried again.', retry.attempts),
    ),
    budget: Type.Optional(
      Type.Union(
        [
          share('Share.', undefined, 'only requests of which nothing was sent are tried again'),
          Type.Literal('off'),
          Type.Literal(false),
        ],
        {
          title: 'a share such as 20%, 0, or off',
          ...described(
            `Share of the requests of the last ${retry.budgetWindow} that may be sent a second time, and ${retry.budgetPerSecond} a second beside it: so an outage never doubles the load. A request of which nothing was sent (its upstream refused the connection) does not count. 0 = only such requests are tried again, off = no limit.`,
            retry.budget,
          ),
        },
      ),
    ),
    statuses: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal(502), Type.Literal(503), Type.Literal(504)], {
          title: '502, 503 or 504 (another status is an answer of the application)',
        }),
        {
          uniqueItems: true,
          title: 'a list of 502, 503 and 504, each once',
          description:
            "Statuses of an upstream's answer for which an idempotent or declared request is tried on another one. Default: none.",
        },
      ),
    ),
    timeouts: Type.Optional(
      boolean(
        'Whether an idempotent or declared request that got no answer in time is tried again: it then works on two upstreams at once.',
        retry.timeouts,
      ),
    ),
  },
  'Sending a request again on another upstream, where that is provably safe.',
)

const rpcReads = section(
  {
    methods: Type.Array(
      Type.String({
        pattern: RPC_METHOD_PATTERN,
        title: 'the name of a method such as search_read, sale.order.read or model.*.search_read',
        description:
          'Name of a method; one * stands for one or more parts between dots. In Odoo, where model and method stand apart, METHOD alone or MODEL.METHOD.',
      }),
      {
        minItems: 1,
        uniqueItems: true,
        title: 'a list of at least one method',
        description:
          'Methods that only read. A call of another one, a body that is not plainly such a call, or a batch with one other call in it, is not tried again.',
      },
    ),
    maxBody: size(
      'Size. Largest body that is looked at; at most `replay`. A larger one is no read.',
      undefined,
      undefined,
      'it says how large a body is looked at, such as 64KiB',
    ),
  },
  'JSON-RPC calls by POST that only read (Odoo, Tryton) and therefore may be sent again.',
)

export const routeRetrySchema = section(
  {
    replay: Type.Optional(
      size(
        "Size. How much of a request's body is kept for another attempt; a request with a longer one is sent once.",
        retry.replay,
        'keeps none',
      ),
    ),
    idempotencyKey: Type.Optional(
      boolean(
        'Declares that the upstreams carry out a POST or PATCH with an Idempotency-Key header once, however often it comes: then such a request is tried again.',
        retry.idempotencyKey,
      ),
    ),
    rpcReads: Type.Optional(rpcReads),
  },
  'What may be sent again beside idempotent requests.',
)
