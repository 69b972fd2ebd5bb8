// The part of the schema that describes the admin listener and who may use it.

import Type from 'typebox'
import { name, section, text } from './schema-parts.ts'

const role = Type.Union([Type.Literal('read'), Type.Literal('operate'), Type.Literal('admin')], {
  title: 'one of read, operate, admin',
  description:
    'What it may do: `read` sees everything, `operate` also drains, weighs, settles and plans, `admin` also changes the configuration.',
  whyRequired: 'what may be done with it: read, operate or admin',
})

const token = section(
  {
    name: name('Whose it is: stands as the author of what is done with it; unique.'),
    role,
    hash: Type.Optional(
      Type.String({
        pattern: '^sha256:[0-9A-Fa-f]{64}$',
        title: 'the hash that `vigia token` prints: sha256: and 64 hexadecimal digits',
        description: 'SHA-256 of the token; `vigia token` makes both. Only fit for a token that was drawn at random.',
      }),
    ),
    tokenFile: Type.Optional(
      text(
        'a file path',
        'File with the token itself, one line; relative to the configuration file. In the place of `hash`.',
      ),
    ),
  },
  'A bearer token.',
)

/** @param address words for an address */
export function adminSchema(address: string, fallback: string) {
  return Type.Union(
    [
      section(
        {
          address: text(
            address,
            'host:port of the admin listener. Where others than this machine can reach it, `tokens` are needed.',
          ),
          tokens: Type.Optional(
            Type.Array(token, {
              minItems: 1,
              title: 'a list with at least one token',
              description:
                'Who may use the admin listener. Effect: every request but /healthz and /readyz needs one of them. Default: none; everything may be read, and changes are taken from this machine.',
            }),
          ),
        },
        'The admin listener.',
        { title: 'a mapping with `address`' },
      ),
      Type.Literal(false),
    ],
    {
      title: 'a mapping with `address`, or false',
      description: `Listener for /healthz, /readyz, /status, /metrics, orders and events (/openapi.json lists all); false = none. Default: address ${fallback}.`,
    },
  )
}
