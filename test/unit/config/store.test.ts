// The key `store`: where what must survive a restart is kept, and for how long.

import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const storeOf = (store: string) => snapshotOf(documentOf({ more: `store: ${store}` })).store
const DEFAULT_DAYS = { audit: 400, transitions: 90, incidents: 400, inDoubt: 400, configurations: 1_100 }

test('there is no store unless one is named', () => {
  expect(snapshotOf(documentOf()).store).toBeUndefined()
  expect(storeOf('false')).toBeUndefined()
})

test('a path is beside the configuration file, and keeps everything for its usual time', () => {
  expect(storeOf('./vigia.db')).toEqual({ path: resolve('vigia.db'), keepDays: DEFAULT_DAYS })
  expect(storeOf('{ path: /var/lib/vigia/vigia.db, keepDays: { audit: 3650, transitions: 7 } }')).toEqual({
    path: '/var/lib/vigia/vigia.db',
    keepDays: { ...DEFAULT_DAYS, audit: 3650, transitions: 7 },
  })
})

test.each([
  ['true', 'store: true is not valid here, expected a file path, a mapping with `path`, or false'],
  ['{ keepDays: { audit: 400 } }', 'path'],
  ['{ path: x, keepDays: { audit: 30 } }', 'a whole number from 400 to 36500'],
  ['{ path: x, keepDays: { transition: 30 } }', 'did you mean "transitions"?'],
])('store: %s is refused in words', (text, words) => {
  expect(problemsOf(documentOf({ more: `store: ${text}` })).join('\n')).toContain(words)
})
