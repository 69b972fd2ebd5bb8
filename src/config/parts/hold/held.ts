// Where held requests are kept, and what encrypts them (the key `held`).

import { dirname, join } from 'node:path'
import Type, { type Static } from 'typebox'
import type { HeldStorePlan } from '../../../plan/hold.ts'
import type { StorePlan } from '../../../plan/store.ts'
import { type Finding, warning } from '../../forms/problem.ts'
import { section, text } from '../../forms/schema-blocks.ts'

const FILE_NAME = 'held.db'

export const heldSchema = section(
  {
    path: Type.Optional(
      text(
        'a file path',
        'File (SQLite) of the held requests, relative to the configuration file; it is made where there is none. Default: held.db beside the store.',
      ),
    ),
    keyFiles: Type.Optional(
      Type.Array(text('a file path', 'File with a key of 32 bytes, relative to the configuration file.'), {
        minItems: 1,
        maxItems: 10,
        uniqueItems: true,
        title: 'a list of at least one file',
        description:
          'Files with keys of 32 bytes each (`openssl rand -out held.key 32`). The first encrypts what is held (AES-256-GCM: fields, bodies, answers), all decrypt: to rotate, put a new one first, and remove the last once nothing that it has encrypted is kept. Default: nothing is encrypted.',
      }),
    ),
  },
  'Where requests are kept that routes with `hold` hold. Takes effect at the start.',
)

type HeldDocument = Static<typeof heldSchema>

export function* checkHeld(held: HeldDocument | undefined, holds: boolean): Iterable<Finding> {
  if (held !== undefined && !holds)
    yield warning(['held'], 'has no effect: no route holds requests (routes[].hold)', 'key')
}

/** Undefined = there is no store: nothing is ever held. */
export function compileHeld(
  held: HeldDocument | undefined,
  store: StorePlan | undefined,
  resolvePath: (path: string) => string,
): HeldStorePlan | undefined {
  if (store === undefined) return undefined
  return {
    path: held?.path === undefined ? join(dirname(store.path), FILE_NAME) : resolvePath(held.path),
    keyFiles: (held?.keyFiles ?? []).map(resolvePath),
  }
}
