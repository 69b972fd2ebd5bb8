// The part of the schema that describes active health checks. Shapes only; what keys mean together is `check-health.ts`.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import {
  boolean,
  byName,
  described,
  duration,
  integer,
  number,
  oneOrMore,
  section,
  size,
  text,
} from './schema-parts.ts'

const { health } = DEFAULTS

const status = Type.Union([
  Type.Integer({ minimum: 100, maximum: 599, title: 'a status from 100 to 599' }),
  Type.String({ pattern: '^[1-5][0-9]{2}(-[1-5][0-9]{2})?$', title: 'a range such as 200-299' }),
])

const expect = section(
  {
    status: Type.Optional(
      oneOrMore(
        status,
        'a status such as 401, a range such as 200-299, or a list of them',
        `Response statuses that count as healthy. Effect: any other status is a failed probe. Default: ${health.status}.`,
      ),
    ),
    body: Type.Optional(
      text(
        'a text',
        'What the response body must contain, as plain text. Effect: a body without it is a failed probe. Default: anything.',
      ),
    ),
    bodyMatches: Type.Optional(
      text(
        'a regular expression',
        'A JavaScript regular expression that the response body must match. Default: anything.',
      ),
    ),
    maxBody: Type.Optional(
      size(
        'Size. How much of the response body is read for `body` and `bodyMatches`; the rest is ignored.',
        health.maxBody,
      ),
    ),
  },
  'What an answer must look like to count as healthy.',
)

const headerValue = Type.Union(
  [
    Type.String({
      title: 'a text',
      description: 'The value; a dollar sign before {ENV} takes it from the environment.',
    }),
    section(
      {
        file: text(
          'a file path',
          'File that holds the value, relative to the configuration file; a newline at its end is dropped.',
        ),
      },
      'A value kept in a file, for secrets.',
      { title: 'a mapping with `file`' },
    ),
  ],
  { title: 'a text, or { file: PATH }' },
)

const probe = section(
  {
    type: Type.Optional(
      Type.Union([Type.Literal('http'), Type.Literal('tcp')], {
        title: '"http" or "tcp"',
        description:
          'What a probe does: `http` sends a request and judges the answer, `tcp` only connects (with TLS for an https upstream). Default: http where a key of an HTTP probe is present, else tcp.',
      }),
    ),
    path: Type.Optional(
      text(
        'a path that begins with /',
        'Request target of the probe, with its query if it needs one. HTTP only.',
        health.path,
      ),
    ),
    method: Type.Optional(
      text('a method such as GET or POST', 'Request method of the probe. HTTP only.', health.method),
    ),
    host: Type.Optional(
      text('a host name', "Host header of the probe. HTTP only. Default: host and port of the upstream's url."),
    ),
    headers: Type.Optional(
      byName(
        headerValue,
        'a mapping of header names to values',
        'Further request headers of the probe, such as Authorization. HTTP only. Default: none.',
      ),
    ),
    body: Type.Optional(
      Type.String({ title: 'a text', description: 'Request body of the probe. HTTP only. Default: none.' }),
    ),
    expect: Type.Optional(expect),
    hints: Type.Optional(
      boolean(
        "Whether the upstream's own word on a probe's answer is followed: `X-Vigia-State: drain` or `ready`, and `X-Vigia-Weight: 50%` of its weight. So a script on the node can drain it. HTTP only.",
        health.hints,
      ),
    ),
    drainOn404: Type.Optional(
      boolean(
        'Whether status 404 drains an upstream rather than failing its probe: a script on the node takes the page of the probe away to drain it. HTTP only; not with 404 in `expect.status`.',
        health.drainOn404,
      ),
    ),
    interval: Type.Optional(
      duration('Duration. From the start of one probe of an upstream to the next.', health.interval),
    ),
    timeout: Type.Optional(
      duration(
        'Duration. A probe that has no complete answer by then has failed; not longer than `interval`. The default is shortened to `interval` where that is shorter.',
        health.timeout,
      ),
    ),
    rise: Type.Optional(
      integer(1, 100, 'Probes that must succeed in a row before an unhealthy upstream counts as healthy.', health.rise),
    ),
    fall: Type.Optional(
      integer(1, 100, 'Probes that must fail in a row before a healthy upstream counts as unhealthy.', health.fall),
    ),
    jitter: Type.Optional(
      number(
        0,
        1,
        'Share of the interval by which each probe is moved at random, so that probes do not arrive in step.',
        health.jitter,
      ),
    ),
    unsureInterval: Type.Optional(
      duration(
        'Duration. Interval while a streak of results has begun but not yet decided. Default: a quarter of `interval`.',
        undefined,
      ),
    ),
    downInterval: Type.Optional(
      duration(
        'Duration. Interval for an upstream that has been unhealthy for a long time. Default: five times `interval`.',
        undefined,
      ),
    ),
  },
  'How each upstream is probed.',
)

export const healthSchema = Type.Union([Type.Literal('off'), Type.Literal(false), Type.Literal('tcp'), probe], {
  title: '"off", "tcp", or a mapping that describes the probe',
  ...described(
    'Active health check of every upstream of the pool: `off` trusts all upstreams, `tcp` connects, a mapping describes a probe. Effect: an upstream whose probes fail gets no work.',
    'tcp',
  ),
})
