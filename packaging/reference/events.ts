// docs/reference/events.md: the types of events, and what each entry has.

import { EVENT_TYPES } from '../../src/admin/contract/events.ts'
import { commentOf, commentsOf } from './comments.ts'
import { code, line, page, table } from './markdown.ts'

const INTRODUCTION = `What happens, as it happens: \`vigia events -f\`, or \`GET /events\` of the admin listener as server-sent events
(\`event\` is the type, \`id\` the id, \`data\` the entry as JSON). The newest 1000 are kept, with a store over restarts too. The own log
has the same sentences.`

export function eventsPage(): string {
  const types = commentsOf('admin/contract/events.ts', 'EVENT_TYPES')
  const keys = commentsOf('admin/contract/events.ts', 'ControlEvent')
  return page(
    '# Events',
    INTRODUCTION,
    '## Types',
    table(
      ['type', 'what has happened'],
      EVENT_TYPES.map(type => [code(type), line(commentOf(types, type))]),
    ),
    '## What an entry has',
    table(
      ['key', 'what it says'],
      [...keys].map(([key, said]) => [code(key), line(said)]),
    ),
  )
}
