// The part of the schema that describes affinity: how a client stays with the upstream that has its session.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { described, duration, section, text } from './schema-parts.ts'

const { affinity } = DEFAULTS
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

export const affinitySchema = section(
  {
    cookie: Type.Optional(
      Type.String({
        pattern: `^${TOKEN}$`,
        title: 'the name of a cookie',
        description:
          'Name of a cookie that vigia sets: signed, HttpOnly, and without any address in it. Needs `keys` or `keyFile`.',
      }),
    ),
    follow: Type.Optional(
      Type.String({
        pattern: `^(cookie|header):${TOKEN}$`,
        title: '"cookie:NAME" or "header:NAME"',
        description:
          "A cookie or request header of the application: the same value goes to the same upstream. vigia does not learn which upstream issued it, so this suits sessions that every upstream can load, not those in one's memory.",
      }),
    ),
    by: Type.Optional(
      Type.Literal('address', {
        title: '"address"',
        description: "The client's address: the same one goes to the same upstream.",
      }),
    ),
    ttl: Type.Optional(
      duration(
        'Duration. With `cookie`: how long a client that stays away keeps its upstream; renewed while it is there.',
        affinity.ttl,
        'until the browser is closed',
      ),
    ),
    keys: Type.Optional(
      Type.Array(
        text(
          'a secret',
          'A secret of at least 32 characters; a dollar sign before {ENV} takes it from the environment.',
        ),
        {
          minItems: 1,
          title: 'a list with at least one secret',
          description:
            'With `cookie`: secrets that sign the cookie. The first signs, all are honoured: put a new one first, remove the old one after `ttl`. The same on every instance of vigia.',
        },
      ),
    ),
    keyFile: Type.Optional(
      text(
        'a file path',
        'With `cookie`: file with the secrets instead, one a line, relative to the configuration file.',
      ),
    ),
    sameSite: Type.Optional(
      Type.Union([Type.Literal('lax'), Type.Literal('strict'), Type.Literal('none')], {
        title: '"lax", "strict" or "none"',
        ...described(
          'With `cookie`: its SameSite; `none` for an ERP shown inside pages of another site, which needs TLS.',
          affinity.sameSite,
        ),
      }),
    ),
    path: Type.Optional(text('a path that begins with /', 'With `cookie`: its Path.', affinity.path)),
    gone: Type.Optional(
      Type.Union([Type.Literal('redistribute'), Type.Literal('fail')], {
        title: '"redistribute" or "fail"',
        ...described(
          'When the upstream of a client is out: `redistribute` sends it to another one, `fail` answers 503 until it is back.',
          affinity.gone,
        ),
      }),
    ),
  },
  'Keeps a client on one upstream: by a cookie of vigia (`cookie`), by one of the application (`follow`), or by address (`by`). Default: none.',
)
