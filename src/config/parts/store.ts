// The store: where the audit, the histories and the orders of people are kept, and for how long.

import Type, { type Static } from 'typebox'
import type { StorePlan } from '../../plan/store.ts'
import type { LongForms } from '../forms/otherwise.ts'
import { described, integer, section, text } from '../forms/schema-blocks.ts'

const KEEP_DAYS = { audit: 400, transitions: 90, incidents: 400, inDoubt: 400, configurations: 1_100 } as const
/** The file of the store refuses to forget audit rows earlier. */
const LEAST_AUDIT_DAYS = 400
const MOST_DAYS = 36_500

const path = text(
  'a file path',
  'File of the store, relative to the configuration file; it is made where there is none.',
)

const days = (what: string, fallback: number, least = 1) =>
  Type.Optional(integer(least, MOST_DAYS, `Days for which ${what} are kept.`, fallback))

export const storeSchema = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Literal(false),
    section(
      {
        path,
        keepDays: Type.Optional(
          section(
            {
              audit: days('audit rows', KEEP_DAYS.audit, LEAST_AUDIT_DAYS),
              transitions: days('transitions of upstreams', KEEP_DAYS.transitions),
              incidents: days('incidents', KEEP_DAYS.incidents),
              inDoubt: days('requests in doubt that were settled', KEEP_DAYS.inDoubt),
              configurations: days('applied configurations (at most 200)', KEEP_DAYS.configurations),
            },
            'How long what is kept for.',
          ),
        ),
      },
      'The store, with more than its path.',
      { title: 'a mapping with `path`' },
    ),
  ],
  {
    title: 'a file path, a mapping with `path`, or false',
    ...described(
      'File (SQLite) that keeps the audit, transitions, incidents, requests in doubt, applied configurations, and orders of operators over a restart; relative to the configuration file. false = none: then a restart forgets all of that. Takes effect at the start.',
      false,
    ),
  },
)

type StoreDocument = Static<typeof storeSchema>

export function compileStore(
  store: StoreDocument | undefined,
  resolvePath: (path: string) => string,
): StorePlan | undefined {
  if (store === undefined || store === false) return undefined
  const { path, keepDays } = typeof store === 'string' ? { path: store, keepDays: undefined } : store
  return { path: resolvePath(path), keepDays: { ...KEEP_DAYS, ...keepDays } }
}

export const LONG_FORMS_OF_STORE: LongForms = {
  store: short => (typeof short === 'string' ? { path: short } : undefined),
}
