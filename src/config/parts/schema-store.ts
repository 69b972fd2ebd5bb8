// The part of the schema that describes the store: where the audit, the histories and the orders of people are kept, and for how long.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { described, integer, section, text } from './schema-parts.ts'

const { keepDays } = DEFAULTS.store
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
              audit: days('audit rows', keepDays.audit, LEAST_AUDIT_DAYS),
              transitions: days('transitions of upstreams', keepDays.transitions),
              incidents: days('incidents', keepDays.incidents),
              inDoubt: days('requests in doubt that were settled', keepDays.inDoubt),
              configurations: days('applied configurations (at most 200)', keepDays.configurations),
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
